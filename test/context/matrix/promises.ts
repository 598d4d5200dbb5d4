import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { callbackify, promisify } from 'node:util'
import type { Row } from './row.js'

/** A resource that many requests share, and that calls back later, from whatever runs then. */
function queue() {
  const waiting: (() => void)[] = []
  return { waiting, ask: (callback: () => void) => void waiting.push(callback), answer: () => waiting.splice(0).forEach((call) => call()) }
}

export const promises: Row[] = [
  {
    where: '`await`',
    async run({ see }) {
      await Promise.resolve()
      see()
    },
  },
  { where: '`promise.then(callback)`', run: ({ see }) => Promise.resolve().then(see) },
  {
    where: 'after `await` of a promise that another request settles, or made',
    async run({ see, elsewhere }) {
      const { waiting, ask, answer } = queue()
      const made = elsewhere(() => new Promise<void>((resolve) => ask(resolve)))
      const cached = made.then(see)
      setImmediate(() => elsewhere(answer))
      await made
      see()
      await cached
      if (waiting.length > 0) throw new Error('still waiting')
    },
  },
  {
    where: 'after `await` of a thenable that another request calls back',
    async run({ see, elsewhere }) {
      const { ask, answer } = queue()
      setImmediate(() => elsewhere(answer))
      // oxlint-disable-next-line unicorn/no-thenable -- query builders are such
      await { then: (resolve: () => void) => ask(resolve) }
      see()
    },
  },
  {
    where: "a thenable's own `then`, when it is awaited",
    async run({ see }) {
      const thenable = {
        // oxlint-disable-next-line unicorn/no-thenable -- as above
        then(resolve: () => void) {
          see()
          resolve()
        },
      }
      await thenable
    },
  },
  {
    where: 'the callback of `thenable.then(callback)`, called from another request',
    how: '`thenable.then(bindTrace(callback))`, or `await` it',
    run({ see, bind, elsewhere }) {
      const { ask, answer } = queue()
      ask(bind(() => see()))
      elsewhere(answer)
    },
  },
  {
    where: '`for await` of an async generator',
    async run({ see }) {
      async function* twice() {
        yield await Promise.resolve(1)
        see()
        yield 2
      }
      for await (const _ of twice()) see()
    },
  },
  {
    where: 'the body of a generator made here, of which another request takes the next value',
    how: '`const next = bindTrace(() => generator.next())`',
    run({ see, bind, elsewhere }) {
      function* body() {
        yield see()
      }
      const generator = body()
      elsewhere(bind(() => generator.next()))
    },
  },
  {
    where: 'the body of an async generator made here, of which another request takes the next value',
    how: '`const next = bindTrace(() => generator.next())`',
    async run({ see, bind, elsewhere }) {
      async function* body() {
        see()
        yield await Promise.resolve(1)
        see()
      }
      const generator = body()
      const next = bind(() => generator.next())
      await elsewhere(next)
      await elsewhere(next)
    },
  },
  {
    where: 'after `await` of what `util.promisify` made of a function that another request calls back',
    async run({ see, elsewhere }) {
      const { ask, answer } = queue()
      setImmediate(() => elsewhere(answer))
      await promisify(ask)()
      see()
    },
  },
  {
    where: 'after `await` of a `util.promisify.custom`',
    async run({ see }) {
      await promisify(setTimeout)(1)
      see()
    },
  },
  { where: 'the callback of `util.callbackify`', run: ({ see }) => callbackify(() => Promise.resolve())(() => see()) },
  {
    where: '`AsyncResource.runInAsyncScope` of a resource made here, called from another request',
    run({ see, elsewhere }) {
      const resource = new AsyncResource('job')
      elsewhere(() => resource.runInAsyncScope(see))
    },
  },
  { where: '`AsyncResource.bind(callback)`', run: ({ see, elsewhere }) => elsewhere(AsyncResource.bind(() => see())) },
  {
    where: '`AsyncLocalStorage.snapshot()` and `AsyncLocalStorage.bind(callback)`',
    run({ see, elsewhere }) {
      const inHere = AsyncLocalStorage.snapshot()
      const bound = AsyncLocalStorage.bind(() => see())
      elsewhere(() => inHere(see))
      elsewhere(bound)
    },
  },
]
