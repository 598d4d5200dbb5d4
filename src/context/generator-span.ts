import { isGeneratorObject } from 'node:util/types'
import type { Context } from '@opentelemetry/api'
import { runIn } from './active.js'

/** How the span of something that goes on ends: well, or by an error. */
export interface SpanEnd {
  succeeded(): void
  failed(error: unknown): void
}

type AnyGenerator = Generator | AsyncGenerator

/** One that nobody reads to its end, nor closes, would leave its span open for good. */
const abandoned = new FinalizationRegistry<SpanEnd>((end) => end.succeeded())

/** Asks nothing of the value, which may be anybody's. */
export const isGenerator = isGeneratorObject as (value: unknown) => value is AnyGenerator

/**
 * The same generator, its body run in the context of its span, which ends with it: when it returns, throws, is closed by `break`, or, once
 * nobody has it any longer, by the garbage collector.
 */
export function generatorIn<T extends AnyGenerator>(generator: T, context: Context, end: SpanEnd): T {
  const over = (act: () => void): void => {
    abandoned.unregister(end)
    act()
  }
  const settle = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done) over(() => end.succeeded())
    return result
  }
  const fail = (error: unknown): never => {
    over(() => end.failed(error))
    throw error
  }
  const step =
    (method: 'next' | 'return' | 'throw') =>
    (...args: [unknown]): unknown => {
      let result: IteratorResult<unknown> | Promise<IteratorResult<unknown>>
      try {
        result = runIn(context, () => (generator[method] as (...given: unknown[]) => typeof result).apply(generator, args))
      } catch (error) {
        return fail(error)
      }
      return result instanceof Promise ? result.then(settle, fail) : settle(result)
    }
  const wrapped = Object.create(generator, {
    next: { value: step('next') },
    return: { value: step('return') },
    throw: { value: step('throw') },
  }) as T
  abandoned.register(wrapped, end, end)
  return wrapped
}

/** Calls `end.succeeded` when nothing holds `holder` any longer. */
export function endWhenForgotten(holder: object, end: SpanEnd): void {
  abandoned.register(holder, end, end)
}

export function forget(end: SpanEnd): void {
  abandoned.unregister(end)
}
