import { AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Worker } from 'node:worker_threads'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { bindTrace, correlationId, injectTrace, runWithTrace, withSpan } from 'spanlog'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** Runs `body` in a trace and expects the ID that it hands to `saw` to be that trace's. */
async function keeps(body: () => Promise<string | undefined>): Promise<void> {
  await withSpan('survival', async () => expect(await body()).toBe(correlationId()))
}

const rows: [string, () => Promise<string | undefined>][] = [
  ['promises', async () => Promise.resolve().then(() => correlationId())],
  ['queueMicrotask', () => new Promise((resolve) => queueMicrotask(() => resolve(correlationId())))],
  ['process.nextTick', () => new Promise((resolve) => process.nextTick(() => resolve(correlationId())))],
  ['setTimeout', () => new Promise((resolve) => setTimeout(() => resolve(correlationId()), 1))],
  ['setImmediate', () => new Promise((resolve) => setImmediate(() => resolve(correlationId())))],
  [
    'setInterval',
    () =>
      new Promise((resolve) => {
        const timer = setInterval(() => {
          clearInterval(timer)
          resolve(correlationId())
        }, 1)
      }),
  ],
  [
    'a stream made in the trace',
    async () => {
      let seen: string | undefined
      const through = new PassThrough()
      through.on('data', () => {
        seen = correlationId()
      })
      await pipeline(Readable.from(['a', 'b']), through)
      return seen
    },
  ],
  [
    'an emitter that emits in the trace',
    () => new Promise((resolve) => new EventEmitter().on('x', () => resolve(correlationId())).emit('x')),
  ],
  [
    'an async iterator',
    async () => {
      let seen: string | undefined
      for await (const _ of Readable.from(['a'])) seen = correlationId()
      return seen
    },
  ],
]

describe.each([
  ['on our own storage', undefined],
  ["on OpenTelemetry's context manager", new AsyncLocalStorageContextManager()],
])('a trace %s survives', (_, manager) => {
  beforeAll(() => {
    if (manager) context.setGlobalContextManager(manager.enable())
  })
  afterAll(() => {
    if (manager) context.disable()
  })

  it.each(rows)('%s', (_name, body) => keeps(body))

  it('the `end` of a request after its body, over keep-alive sockets, without mixing requests', async () => {
    const seen: [string | null, string | undefined, string | undefined][] = []
    const server = createServer((req, res) =>
      runWithTrace(req.headers, () => {
        // Node emits a body's events outside the handler's context (nodejs/node#41285): that is what bindTrace is for.
        bindTrace(req)
        bindTrace(res)
        const at: (string | undefined)[] = []
        req.on('data', () => at.push(correlationId()))
        req.on('end', () => res.end(correlationId()))
        res.on('close', () => seen.push([String(req.headers.traceparent).slice(3, 35), at[0], correlationId()]))
      }),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const agent = new Agent({ keepAlive: true, maxSockets: 2 })
    const { port } = server.address() as AddressInfo
    const ids = Array.from({ length: 12 }, (_row, i) => `${i + 1}`.padStart(32, 'a'))
    const answers = await Promise.all(
      ids.map(async (id) => {
        const req = request({ port, host: '127.0.0.1', method: 'POST', agent, headers: { traceparent: `00-${id}-${'b'.repeat(16)}-01` } })
        req.end('x'.repeat(1000))
        const [res] = (await once(req, 'response')) as [IncomingMessage]
        return (await res.toArray()).join('')
      }),
    )
    agent.destroy()
    await new Promise((resolve) => server.close(resolve))
    expect(answers).toEqual(ids)
    expect(seen.map(([id]) => id).toSorted()).toEqual(ids.toSorted())
    for (const [id, inBody, atClose] of seen) expect([inBody, atClose]).toEqual([id, id])
  })

  it('a connection pool that calls back from another request, once the callback is bound', async () => {
    const waiting: (() => void)[] = []
    const pool = { acquire: (callback: () => void) => waiting.push(callback) }
    await keeps(
      () =>
        new Promise((resolve) => {
          pool.acquire(bindTrace(() => resolve(correlationId())))
          withSpan('another request', { parent: null }, () => waiting.shift()?.())
        }),
    )
  })

  it('an AsyncResource that runs later', async () => {
    const resource = withSpan('x', () => ({ id: correlationId(), resource: new AsyncResource('pool') }))
    expect(resource.resource.runInAsyncScope(() => correlationId())).toBe(resource.id)
  })

  it('not a worker thread; a carrier takes it there', async () => {
    const script = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { correlationId, runWithTrace } = require(workerData.spanlog)
      parentPort.postMessage([correlationId(), runWithTrace(workerData.headers, correlationId)])`
    await withSpan('x', async () => {
      const worker = new Worker(script, { eval: true, workerData: { headers: injectTrace(), spanlog: require.resolve('spanlog') } })
      const [[bare, carried]] = await once(worker, 'message')
      expect([bare, carried]).toEqual([undefined, correlationId()])
    })
  })
})

describe('bindTrace', () => {
  const inTrace = <T>(fn: () => T) => withSpan('x', () => [correlationId(), fn()] as const)

  it('runs a function in its trace wherever it is called, with its `this`, arguments, result, name and length', () => {
    function add(this: { base: number }, a: number, b: number) {
      return [correlationId(), this.base + a + b]
    }
    const [id, bound] = inTrace(() => bindTrace(add))
    expect(bound.call({ base: 1 }, 2, 3)).toEqual([id, 6])
    expect([bound.name, bound.length]).toEqual(['add', 2])
  })

  it.each(['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const)(
    'runs the listeners that `%s` adds in the trace',
    (add) => {
      const emitter = new EventEmitter()
      const [id] = inTrace(() => bindTrace(emitter))
      const seen: unknown[] = []
      emitter[add]('x', (...args) => seen.push([correlationId(), ...args]))
      withSpan('elsewhere', () => emitter.emit('x', 1, 2))
      expect(seen).toEqual([[id, 1, 2]])
    },
  )

  it('leaves listeners removable, listed as the originals, and `once` to one call', () => {
    const emitter = bindTrace(new EventEmitter())
    const calls: string[] = []
    const listener = () => calls.push('on')
    const single = () => calls.push('once')
    emitter.on('x', listener).once('x', single).once('x', listener)
    expect(emitter.listeners('x')).toEqual([listener, single, listener])
    emitter.emit('x')
    emitter.emit('x')
    expect(calls).toEqual(['on', 'once', 'on', 'on'])
    emitter.off('x', listener)
    expect(emitter.listenerCount('x')).toBe(0)
    emitter.once('x', single).removeListener('x', single)
    expect(emitter.listenerCount('x')).toBe(0)
    emitter.on('x', listener).removeAllListeners()
    expect(emitter.listenerCount('x')).toBe(0)
  })

  it('bound again, takes the later trace for later listeners, and wraps nothing twice', () => {
    const emitter = new EventEmitter()
    const [first] = inTrace(() => bindTrace(emitter))
    const seen: unknown[] = []
    emitter.on('x', () => seen.push(correlationId()))
    const [second] = inTrace(() => bindTrace(emitter))
    emitter.once('x', () => seen.push(correlationId()))
    emitter.emit('x')
    emitter.emit('x')
    expect(seen).toEqual([first, second, first])
    for (let i = 0; i < 20_000; i++) bindTrace(emitter)
    emitter.on('x', () => {}).emit('x')
  })

  it('throws what the emitter throws for a listener that is no function', () => {
    expect(() => bindTrace(new EventEmitter()).on('x', 5 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  it('refuses anything else by name', () => {
    expect(() => bindTrace(5 as never)).toThrow(/`target` to be a function or an event emitter, got 5 \(number\)/)
  })
})
