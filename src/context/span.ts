import {
  type SpanOptions as ApiSpanOptions,
  type Attributes,
  type Context,
  type Exception,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { activeContext, runIn, tracerProvider } from './active.js'
import { isRecord } from './attributes.js'
import { reportFault } from './fault.js'
import { endWhenForgotten, forget, generatorIn, isGenerator, type SpanEnd } from './generator-span.js'
import { heldIn, holding } from './holder.js'
import { newSpanId, newTraceId } from './ids.js'
import { watchEnd, watchPause, watchResume, watchStart } from './overhead.js'
import { checkSpanName } from './span-names.js'
import { state } from './state.js'
import { RANDOM, SAMPLED } from './traceparent.js'
import { endSpan, spanBegan } from './watch.js'
import { beginIn, continueIn } from './wire.js'

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** How a span is started. */
export interface SpanOptions {
  /** @defaultValue 'internal' */
  kind?: keyof typeof kinds | undefined
  attributes?: Attributes | undefined
  links?: Link[] | undefined
  /** The parent, for instance from `extractTrace`; `null` begins a new trace. @defaultValue the active span */
  parent?: SpanContext | null | undefined
}

/** How `withSpan` runs. */
export interface WithSpanOptions extends SpanOptions {
  /** Errors that belong to normal operation: they set the span's status but are not recorded as exceptions. */
  expectedErrors?: readonly ErrorClass[] | ((error: unknown) => boolean) | undefined
}

const withSpanOptionNames = [
  'kind',
  'attributes',
  'links',
  'parent',
  'expectedErrors',
] as const satisfies readonly (keyof WithSpanOptions)[]

// oxlint-disable-next-line typescript/no-explicit-any -- a class is matched whatever its constructor takes
type ErrorClass = abstract new (...args: any[]) => Error

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
  const options = given === undefined ? none : usable(given)
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

const none: WithSpanOptions = {}

/** Without what is wrong of what comes with the data; the rest is refused. */
function usable(options: WithSpanOptions): WithSpanOptions {
  checkSpanOptions('withSpan', options, withSpanOptionNames)
  const { attributes, links, parent } = options
  let left = options
  const leaveOut = (name: 'attributes' | 'links' | 'parent', expectation: string, rest?: unknown): void => {
    reportFault(`withSpan leaves out \`${name}\``, unexpected(name, expectation, options[name]))
    left = { ...left, [name]: rest }
  }
  if (attributes !== undefined && !isRecord(attributes)) leaveOut('attributes', 'an object')
  if (parent !== undefined && parent !== null && !isSpanContext(parent))
    leaveOut('parent', 'a span context, as extractTrace gives it, or null')
  if (links !== undefined && !areLinks(links))
    leaveOut('links', 'an array of { context }, each with a span context', Array.isArray(links) ? (links as unknown[]).filter(isLink) : [])
  return left
}

/**
 * What a program says of its spans once and for all.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function checkSpanOptions(where: string, options: Pick<WithSpanOptions, 'kind' | 'expectedErrors'>, known: readonly string[]): void {
  refuseUnknownOptions(where, options, known)
  const { kind, expectedErrors } = options
  if (kind !== undefined && !Object.hasOwn(kinds, kind)) throw unexpected('kind', `one of ${Object.keys(kinds).join(', ')}`, kind)
  if (expectedErrors === undefined || typeof expectedErrors === 'function') return
  if (!(Array.isArray(expectedErrors) && expectedErrors.every((type) => typeof type === 'function')))
    throw unexpected('expectedErrors', 'an array of classes of errors, or a function', expectedErrors)
}

export function areLinks(links: unknown): links is Link[] {
  return Array.isArray(links) && links.every(isLink)
}

function isLink(link: unknown): link is Link {
  return typeof link === 'object' && link !== null && 'context' in link && isSpanContext(link.context)
}

function isSpanContext(context: unknown): context is SpanContext {
  return typeof context === 'object' && context !== null && isSpanContextValid(context as SpanContext)
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

function endFailed(span: Span, error: unknown, expected: WithSpanOptions['expectedErrors']): void {
  try {
    if (!isExpected(error, expected)) span.recordException(asException(error))
    if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
  } catch (fault) {
    reportFault('an error could not be recorded on its span', fault)
  }
  endSpan(span, true)
}

/** Whether nobody has set the span's status; the API cannot tell, so a span of an unknown SDK counts as unset. */
export function isStatusUnset(span: Span): boolean {
  const { status } = span as { status?: { code?: SpanStatusCode } }
  return (status?.code ?? SpanStatusCode.UNSET) === SpanStatusCode.UNSET
}

/** With the stacks of its causes, which the SDK leaves out. */
function asException(error: unknown): Exception {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error
  const { name, message, code } = error as Error & { code?: string | number }
  return { name, message, stack: stackOf(error), ...(code !== undefined && { code }) }
}

function stackOf(error: Error): string {
  const stacks = new Map<Error, string>()
  for (let at: unknown = error; at instanceof Error && !stacks.has(at) && stacks.size < 8; at = at.cause)
    stacks.set(at, at.stack ?? `${at.name}: ${at.message}`)
  return [...stacks.values()].join('\nCaused by: ')
}

function isExpected(error: unknown, expected: WithSpanOptions['expectedErrors']): boolean {
  if (expected === undefined) return false
  try {
    return typeof expected === 'function' ? expected(error) : expected.some((type) => error instanceof type)
  } catch (fault) {
    reportFault('expectedErrors failed, so an error counts as unexpected', fault)
    return false
  }
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
