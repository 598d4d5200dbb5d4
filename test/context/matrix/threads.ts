import { AsyncResource } from 'node:async_hooks'
import { execFile, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { injectTrace } from 'spanlog'
import type { Place, Row } from './row.js'

const program = path.join(import.meta.dirname, 'other-side.cjs')
const manager = require.resolve('@opentelemetry/context-async-hooks')
const spanlog = require.resolve('spanlog')

/** A worker that says which trace it is in: for each message with a carrier, else once. */
function startWorker({ after }: Place, carrier: object | undefined): Worker {
  const worker = new Worker(program, { workerData: { spanlog, manager, carrier } })
  after(() => worker.terminate())
  return worker
}

export const threads: Row[] = [
  {
    where: "a worker thread's own code",
    how: '`injectTrace()` into `workerData` or the message, `runWithTrace(carrier, fn)` there',
    async run(place) {
      const worker = startWorker(place, place.remedied ? injectTrace() : {})
      const [traceId] = (await once(worker, 'message')) as [string | undefined]
      place.saw(traceId)
    },
  },
  {
    where: '`message` of a worker started in the trace',
    async run(place) {
      const worker = startWorker(place, {}).on('message', place.see)
      await once(worker, 'message')
    },
  },
  {
    where: '`message` of a worker of a pool, started before',
    how: '`worker.once("message", bindTrace(listener))`, or `await once(worker, "message")`',
    async run(place) {
      const worker = place.outside(() => startWorker(place, undefined))
      worker.once(
        'message',
        place.bind(() => place.see()),
      )
      const heard = once(worker, 'message')
      worker.postMessage({})
      await heard
    },
  },
  {
    where: 'a pool of workers whose tasks are `AsyncResource`s, as in node’s documentation',
    async run(place) {
      const worker = place.outside(() => startWorker(place, undefined))
      const tasks: AsyncResource[] = []
      place.outside(() => worker.on('message', () => tasks.shift()?.runInAsyncScope(place.see)))
      tasks.push(new AsyncResource('task'))
      const heard = once(worker, 'message')
      worker.postMessage({})
      await heard
    },
  },
  {
    where: "a child process's own code",
    how: '`injectTrace()` into its environment or arguments, `runWithTrace(carrier, fn)` there',
    async run(place) {
      const carrier = place.remedied ? injectTrace() : {}
      const child = fork(program, { env: { ...process.env, SPANLOG_TEST: JSON.stringify({ spanlog, manager, carrier }) } })
      const [traceId] = (await once(child, 'message')) as [string | undefined]
      place.saw(traceId ?? undefined)
      await once(child, 'close')
    },
  },
  { where: '`child_process`: the callback of `exec` and `execFile`', run: ({ see }) => void execFile('true', () => see()) },
  {
    where: '`child_process`: `data`, `exit` and `close` of one that was started in the trace',
    async run({ see }) {
      const child = spawn('echo', ['a']).on('exit', see).on('close', see)
      child.stdout.on('data', see)
      await once(child, 'close')
    },
  },
  {
    where: '`message` of a child process started before',
    how: '`child.once("message", bindTrace(listener))`, or `await once(child, "message")`',
    async run({ see, bind, outside, after }) {
      const env = { ...process.env, SPANLOG_TEST: JSON.stringify({ spanlog, manager }) }
      const child = outside(() => fork(program, { env }))
      after(() => child.kill())
      child.once(
        'message',
        bind(() => see()),
      )
      const heard = once(child, 'message')
      child.send({})
      await heard
    },
  },
  {
    where: 'a `BroadcastChannel`, where another request posts',
    how: '`channel.addEventListener(name, bindTrace(listener))`',
    async run({ see, bind, elsewhere, outside, after }) {
      const [a, b] = outside(() => [new BroadcastChannel('spanlog test'), new BroadcastChannel('spanlog test')])
      after(() => a.close())
      after(() => b.close())
      const heard = new Promise<void>((resolve) => {
        const listener = () => (see(), resolve())
        b.addEventListener('message', bind(listener))
      })
      elsewhere(() => a.postMessage('x'))
      await heard
    },
  },
]
