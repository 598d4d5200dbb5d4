import diagnostics from 'node:diagnostics_channel'
import { EventEmitter, EventEmitterAsyncResource, on, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Subject } from 'rxjs'
import type { Row } from './row.js'

export const emitters: Row[] = [
  { where: 'a listener, where the event is emitted in the trace', run: ({ see }) => new EventEmitter().on('x', see).emit('x') },
  {
    where: 'a listener added here, where another request emits',
    how: '`bindTrace(emitter)` before listeners are added, or `emitter.on(name, bindTrace(listener))`',
    run({ see, bind, elsewhere, outside }) {
      const emitter = outside(() => new EventEmitter())
      bind(emitter).on('x', () => see())
      elsewhere(() => emitter.emit('x'))
    },
  },
  {
    where: 'after `await once(emitter, name)`, where another request emits',
    async run({ see, elsewhere }) {
      const emitter = new EventEmitter()
      setImmediate(() => elsewhere(() => emitter.emit('x')))
      await once(emitter, 'x')
      see()
    },
  },
  {
    where: '`for await` of `on(emitter, name)`, where another request emits',
    async run({ see, elsewhere }) {
      const emitter = new EventEmitter()
      setImmediate(() => elsewhere(() => emitter.emit('x')))
      for await (const _ of on(emitter, 'x')) {
        see()
        break
      }
    },
  },
  {
    where: 'a listener of an `EventEmitterAsyncResource` made here, where another request emits',
    run({ see, elsewhere }) {
      const emitter = new EventEmitterAsyncResource({ name: 'job' })
      emitter.on('x', see)
      elsewhere(() => emitter.emit('x'))
    },
  },
  {
    where: 'a listener of an `EventTarget`, where another request dispatches',
    how: '`target.addEventListener(name, bindTrace(listener))`',
    run({ see, bind, elsewhere }) {
      const target = new EventTarget()
      target.addEventListener(
        'x',
        bind(() => see()),
      )
      elsewhere(() => target.dispatchEvent(new Event('x')))
    },
  },
  {
    where: 'a listener of an `AbortSignal`, where another request aborts',
    how: '`signal.addEventListener(name, bindTrace(listener))`',
    run({ see, bind, elsewhere }) {
      const controller = new AbortController()
      controller.signal.addEventListener(
        'abort',
        bind(() => see()),
      )
      elsewhere(() => controller.abort())
    },
  },
  {
    where: 'a subscriber of a `diagnostics_channel`, where another request publishes',
    how: '`channel.subscribe(bindTrace(subscriber))`',
    run({ see, bind, elsewhere, after }) {
      const channel = diagnostics.channel('spanlog test')
      const subscriber = bind(() => see())
      channel.subscribe(subscriber)
      after(() => channel.unsubscribe(subscriber))
      elsewhere(() => channel.publish({}))
    },
  },
  {
    where: 'a subscriber of an RxJS `Subject`, where another request sends the value',
    how: '`subject.subscribe(bindTrace(next))`',
    run({ see, bind, elsewhere }) {
      const subject = new Subject<void>()
      subject.subscribe(bind(() => see()))
      elsewhere(() => subject.next())
    },
  },
  {
    where: 'a `MessagePort` of this thread, `on("message")`, where another request posts',
    how: '`port.on(name, bindTrace(listener))`',
    async run({ see, bind, elsewhere, outside, after }) {
      const { port1, port2 } = outside(() => new MessageChannel())
      after(() => port1.close())
      const seen = once(port2 as unknown as EventEmitter, 'message')
      ;(port2 as unknown as EventEmitter).on(
        'message',
        bind(() => see()),
      )
      elsewhere(() => port1.postMessage('x'))
      await seen
      await turn()
    },
  },
]
