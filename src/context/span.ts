import {
  type SpanOptions as ApiSpanOptions,
  type Context,
  isSpanContextValid,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api'
import { unexpected } from '../errors.js'
import { activeContext, runIn, tracerProvider } from './active.js'
import { reportFault } from './fault.js'
import { endWhenForgotten, forget, generatorIn, isGenerator, type SpanEnd } from './generator-span.js'
import { heldIn, holding } from './holder.js'
import { newSpanId, newTraceId } from './ids.js'
import { watchEnd, watchPause, watchResume, watchStart } from './overhead.js'
import { endFailed } from './span-failure.js'
import { checkSpanName } from './span-names.js'
import { kinds, type SpanOptions, usableOptions, type WithSpanOptions } from './span-options.js'
import { state } from './state.js'
import { RANDOM, SAMPLED } from './traceparent.js'
import { endSpan, spanBegan } from './watch.js'
import { beginIn, continueIn } from './wire.js'

/** Ends the span of something that reports by a callback; once, whatever comes later. Without an error it went well. */
export type EndSpan = (error?: unknown) => void

/**
 * Runs `fn` inside a new span and ends the span when `fn` returns, throws, or its promise settles. What `fn` throws is
 * recorded, sets the status to error where it is unset, and is thrown on. Without a tracing SDK the span is not recorded
 * anywhere, but it has IDs, which the lines carry and `injectTrace` passes on. Of a thenable that is no promise, such as a query
 * builder, `then` is called at once, and the promise that it gives is returned: await it inside `fn` to keep the object itself.
 *
 * The span of a generator, sync or async, ends when the generator does; its body runs inside the span. An `fn` that takes a second
 * argument works by callbacks: its span ends when it calls that argument, with an error or without.
 *
 * @param name - of low cardinality: `charge card`, not `charge card 4711`, of which you are warned once, as of names such as `process`
 * @returns what `fn` returns
 * @throws SpanlogError INVALID_OPTION for a wrong `name`, `fn` or option, but for `attributes`, `links` and `parent`, which come with the
 * data: wrong ones are left out, and reported once; else what `fn` throws
 * @example
 * ```ts
 * const receipt = await withSpan('charge card', { kind: 'client', attributes: { 'order.id': id } }, async (span) => {
 *   span.setAttribute('card.brand', card.brand)
 *   return await charge(card)
 * })
 * withSpan('read template', (_span, end) => readFile(path, (error, text) => (end(error), done(error, text))))
 * ```
 */
export function withSpan<T>(name: string, fn: (span: Span, end: EndSpan) => T): T
export function withSpan<T>(name: string, options: WithSpanOptions | undefined, fn: (span: Span, end: EndSpan) => T): T
export function withSpan<T>(
  name: string,
  second: WithSpanOptions | undefined | ((span: Span, end: EndSpan) => T),
  third?: (span: Span, end: EndSpan) => T,
): T {
  const [given, fn] = typeof second === 'function' ? [undefined, second] : [second, third]
  if (typeof name !== 'string' || name === '') throw unexpected('name', 'a non-empty string', name)
  if (typeof fn !== 'function') throw unexpected('fn', 'a function', fn)
  const options = given === undefined ? {} : usableOptions(given)
  checkSpanName(name)

  const { span, context } = startSpan(name, options)
  const ending = endingOf(span, options.expectedErrors)
  if (fn.length > 1) return runByCallback(context, span, ending, fn)
  let result: T
  let pending: boolean
  try {
    result = runIn(context, () => (fn as (span: Span) => T)(span))
    pending = isThenable(result)
  } catch (error) {
    ending.failed(error)
    throw error
  }
  if (isGenerator(result)) return generatorIn(result, context, ending)
  if (!pending) {
    ending.succeeded()
    return result
  }
  // The promise that is returned settles as fn's does, after the span has ended.
  return (result as T & PromiseLike<unknown>).then(
    (value) => {
      ending.succeeded()
      return value
    },
    (error: unknown) => {
      ending.failed(error)
      throw error
    },
  ) as T
}

function endingOf(span: Span, expected: WithSpanOptions['expectedErrors']): SpanEnd {
  let over = false
  const once = (end: () => void): void => {
    if (over) return
    over = true
    const started = watchStart()
    end()
    watchEnd('spans', started)
  }
  return { succeeded: () => once(() => endSpan(span)), failed: (error) => once(() => endFailed(span, error, expected)) }
}

function runByCallback<T>(context: Context, span: Span, ending: SpanEnd, fn: (span: Span, end: EndSpan) => T): T {
  const end: EndSpan = (error) => {
    forget(ending)
    // Node's callbacks get null where all is well.
    if (error === undefined || error === null) ending.succeeded()
    else ending.failed(error)
  }
  endWhenForgotten(end, ending)
  try {
    return runIn(context, () => fn(span, end))
  } catch (error) {
    forget(ending)
    ending.failed(error)
    throw error
  }
}

/** Starts a span with the process's SDK, or, where there is none, one that only has IDs; `endSpan` ends it. Never throws. */
export function startSpan(name: string, options: SpanOptions): { span: Span; context: Context } {
  const started = watchStart()
  const begun = beginSpan(name, options)
  watchEnd('spans', started)
  return begun
}

function beginSpan(name: string, options: SpanOptions): { span: Span; context: Context } {
  const active = activeContext()
  const parentContext = parentIn(active, options.parent)
  const parent = trace.getSpanContext(parentContext)
  const span = sdkSpan(name, options, parentContext) ?? bareSpan(parent)
  spanBegan(span, parent)
  return { span, context: holding(trace.setSpan(parentContext, span), heldIn(active)) }
}

function parentIn(active: Context, parent: SpanContext | null | undefined): Context {
  const around = trace.getSpan(active)
  // Each context is a copy of the one before, so that none is made in vain.
  if (parent === null || (parent === undefined && around === undefined))
    return beginIn(around === undefined ? active : trace.deleteSpan(active))
  return parent === undefined ? active : continueIn(active, parent)
}

function sdkSpan(name: string, options: SpanOptions, parentContext: Context): Span | undefined {
  const { kind = 'internal', attributes, links } = options
  const paused = watchPause()
  try {
    const span = tracerProvider()
      ?.getTracer('spanlog')
      .startSpan(name, { kind: kinds[kind], attributes, links } as ApiSpanOptions, parentContext)
    // The API without an SDK hands back the parent's own context, or an invalid one.
    if (span === undefined || !isSpanContextValid(span.spanContext())) return undefined
    return span.spanContext().spanId === trace.getSpanContext(parentContext)?.spanId ? undefined : span
  } catch (error) {
    reportFault('the tracer could not start a span', error)
    return undefined
  } finally {
    watchResume(paused)
  }
}

function bareSpan(parent: SpanContext | undefined): Span {
  const traceState = parent?.traceState
  if (parent !== undefined && isSpanContextValid(parent)) {
    return trace.wrapSpanContext({
      traceId: parent.traceId,
      spanId: newSpanId(),
      traceFlags: parent.traceFlags,
      ...(traceState && { traceState }),
    })
  }
  const traceFlags = RANDOM | (state.settings.untracedSampled ? SAMPLED : 0)
  return trace.wrapSpanContext({ traceId: newTraceId(), spanId: newSpanId(), traceFlags })
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
