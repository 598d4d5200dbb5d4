import { withSpan } from 'spanlog'
import { expect } from 'vitest'
import type { Given } from '../fragment.js'

interface Log {
  info(fields: object, text: string): void
}

/** Vitest, as far as a snippet that declares tests needs it, and the code that is tested there. */
export function vitest(): Given {
  const tests: (() => unknown)[] = []
  const after: (() => unknown)[] = []
  return {
    names: {
      placeOrder: (log: Log) =>
        withSpan('charge card', { kind: 'client', attributes: { 'order.id': 4711 } }, () => log.info({ orderId: 4711 }, 'charged')),
    },
    modules: {
      vitest: {
        expect,
        it: (_: string, test: () => unknown) => tests.push(test),
        afterEach: (end: () => unknown) => after.unshift(end),
        afterAll: (end: () => unknown) => after.push(end),
      },
    },
    async check() {
      try {
        for (const test of tests.splice(0)) await test()
      } finally {
        for (const end of after.splice(0)) await end()
      }
    },
  }
}
