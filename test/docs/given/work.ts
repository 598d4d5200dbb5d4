import { EventEmitter } from 'node:events'
import * as messaging from 'spanlog/messaging'
import type { Given } from '../fragment.js'

/** A pool, a request and a thread, all of one trace. */
export function worker(): Given {
  const thread = new EventEmitter()
  const ran: unknown[] = []
  return {
    names: {
      pool: { acquire: (lend: (connection: object) => void) => lend({}) },
      req: new EventEmitter(),
      worker: { postMessage: (message: object) => queueMicrotask(() => thread.emit('message', message)) },
      parentPort: thread,
      job: 'resize',
      run: (job: unknown) => ran.push(job),
    },
  }
}

/** Clients of brokers that take what they are given, and deliver one message. */
export function brokers(): Given {
  const sent: unknown[] = []
  const take = (...message: unknown[]): Promise<void> => {
    sent.push(message)
    return Promise.resolve()
  }
  return {
    names: {
      ...messaging,
      producer: { send: take },
      consumer: {
        run: ({ eachMessage }: { eachMessage: (payload: object) => Promise<void> }) =>
          eachMessage({ topic: 'orders', partition: 0, message: { offset: '1', headers: {}, value: Buffer.from('{}') } }),
      },
      handle: () => undefined,
      nc: { publish: take },
      headers: () => new Map<string, string[]>(),
      payload: 'lamp',
      queue: { add: take },
      orderId: 7,
    },
    check: () => {
      if (sent.length === 0) throw new Error('nothing was sent')
    },
  }
}
