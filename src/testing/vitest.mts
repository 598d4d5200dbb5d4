import { expect } from 'vitest'
import { type SpanlogMatchers, spanlogMatchers } from './index.js'

// Vitest is ESM only, and so is this.
expect.extend(spanlogMatchers)

declare module 'vitest' {
  // oxlint-disable-next-line typescript/no-explicit-any, typescript/no-empty-object-type -- as Vitest declares it
  interface Matchers<T = any> extends SpanlogMatchers<T> {}
}
