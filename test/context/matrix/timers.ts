import { scheduler, setTimeout as wait, setInterval as waits } from 'node:timers/promises'
import type { Row } from './row.js'

export const timers: Row[] = [
  { where: '`queueMicrotask`', run: ({ see }) => queueMicrotask(see) },
  { where: '`process.nextTick`', run: ({ see }) => process.nextTick(see) },
  { where: '`setImmediate`', run: ({ see }) => void setImmediate(see) },
  { where: '`setTimeout`', run: ({ see }) => void setTimeout(see, 1) },
  {
    where: '`setInterval`',
    run({ see, after }) {
      const timer = setInterval(see, 1)
      after(() => clearInterval(timer))
      return wait(20)
    },
  },
  {
    where: 'a timer made here that another request refreshes (`timer.refresh()`)',
    async run({ see, elsewhere }) {
      const timer = setTimeout(see, 1)
      elsewhere(() => timer.refresh())
      await wait(20)
    },
  },
  {
    where: '`timers/promises`: `setTimeout`, `setInterval`, `scheduler.wait`',
    async run({ see }) {
      await wait(1)
      see()
      await scheduler.wait(1)
      see()
      for await (const _ of waits(1)) {
        see()
        break
      }
    },
  },
  {
    where: 'a callback that a timer of another request calls (a debounced or batched function)',
    how: '`debounced(bindTrace(callback))`',
    async run({ see, bind, elsewhere }) {
      const callback = bind(() => see())
      elsewhere(() => setTimeout(callback, 1))
      await wait(20)
    },
  },
  {
    where: 'the listener of an `AbortSignal.timeout` made here',
    async run({ see }) {
      AbortSignal.timeout(1).addEventListener('abort', () => see())
      await wait(20)
    },
  },
]
