import { SpanlogError } from '../errors.js'
import { spanlogMatchers } from './matchers.js'

/*
 * The types are for the user to declare, since those of Jest come from two packages that exclude each other:
 *
 *   declare global {
 *     namespace jest {
 *       interface Matchers<R, T> extends SpanlogMatchers<R> {}
 *     }
 *   }
 */

const { expect } = globalThis as { expect?: { extend?(matchers: object): void } }
if (typeof expect?.extend !== 'function') {
  throw new SpanlogError('INVALID_OPTION', 'Expected the global `expect` of Jest, got none', {
    remedy: "name 'spanlog/testing/jest' in setupFilesAfterEnv, or call expect.extend(spanlogMatchers) yourself",
  })
}
expect.extend(spanlogMatchers)
