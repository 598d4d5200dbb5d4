import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import { tracerProvider } from '../src/context/active.js'
import type { Carrier } from '../src/context/carrier.js'
import { reportFault } from '../src/context/fault.js'
import { withSpan } from '../src/context/span.js'
import { isStatusUnset } from '../src/context/span-failure.js'
import type { IncomingPolicy } from '../src/context/trust.js'
import { refuseUnknownOptions, unexpected } from '../src/errors.js'
import { guarded } from './http/guarded.js'
import { checkHeader } from './http/options.js'
import { checkIncoming } from './incoming.js'
import { type EventFacts, factsOfEvent } from './lambda/event.js'
import { originOf, trustedOrigin } from './messaging/parent.js'

/** What is read of an invocation's context; every field may be missing. */
export interface LambdaContextLike {
  functionName?: string
  functionVersion?: string
  invokedFunctionArn?: string
  awsRequestId?: string
}

/** How `traceHandler` treats invocations. */
export interface TraceHandlerOptions<Event = unknown> {
  /** Sends what is recorded before the invocation returns, such as `startTracing`'s. @defaultValue that of the global tracer provider */
  forceFlush?: () => Promise<unknown>
  /** How long sending may keep the answer back. @defaultValue 2_000 */
  flushTimeoutMs?: number
  /** Where the trace of an event stands that is neither a request nor a message of SQS or SNS. */
  carrier?: (event: Event) => Carrier | undefined
  /**
   * What is made of the trace that an event names: `continue` goes on with it; `link` begins a new one with a link to it, for a function that
   * strangers can call; `ignore-sampled` goes on with its ID, and decides on sampling here. @defaultValue 'continue'
   */
  incoming?: IncomingPolicy
  /** Header of an HTTP answer that carries the trace ID; `false` sends none. @defaultValue 'x-trace-id' */
  header?: string | false
}

type AnyHandler = (event: unknown, context: unknown, callback?: (error: unknown, result?: unknown) => void) => unknown

/**
 * Wraps an AWS-Lambda-style handler: each invocation runs in a span, in the trace that its event brings, and what is
 * recorded is sent before it returns, since the process is frozen after. The trace comes from the headers of a request (API
 * Gateway, function URL, load balancer) or the message attributes of SQS and SNS: a batch of one trace continues it, a mixed
 * batch begins a trace with a link to each message's. An HTTP answer gets the trace ID as a header, and is an error from 500
 * on. Works with handlers that return, that return a promise, and that call back; not with streamed responses.
 *
 * @returns an async handler
 * @throws SpanlogError INVALID_OPTION. The handler itself rejects only with what the wrapped one throws.
 * @example
 * ```ts
 * const tracing = startTracing({ serviceName: 'orders' })
 *
 * export const handler = traceHandler(async (event) => {
 *   log.info('asked') // {…,"trace_id":"…","span_id":"…"}
 *   return { statusCode: 200, body: 'ok' }
 * }, { forceFlush: () => tracing.forceFlush() })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/faas/aws-lambda/
 */
// oxlint-disable-next-line typescript/no-explicit-any -- what a handler does not take may be anything
export function traceHandler<Result, Event = any, Context = any>(
  // oxlint-disable-next-line typescript/no-explicit-any -- callbacks of all forms
  handler: (event: Event, context: Context, callback: (error?: any, result?: any) => void) => Result,
  options: TraceHandlerOptions<Event> = {},
): (event: Event, context: Context) => Promise<Awaited<Result>> {
  check(handler, options)
  const { header = 'x-trace-id', carrier, incoming } = options
  let coldStart = true

  const traced = async (event: unknown, context: LambdaContextLike | undefined): Promise<unknown> => {
    const facts = guarded('traceHandler: an event could not be read', () => factsOfEvent(event)) ?? unknownEvent
    const given = guarded('traceHandler: carrier failed', () => carrier?.(event as Event))
    const attributes = { ...facts.attributes, ...invocationAttributes(context), 'faas.coldstart': coldStart }
    coldStart = false
    try {
      const name = facts.name ?? (context?.functionName || 'invocation')
      const origin = trustedOrigin(originOf(given === undefined ? facts.carriers : [given]), incoming)
      return await withSpan(name, { kind: facts.kind, attributes, ...origin }, async (span) => {
        const answer = await call(handler as AnyHandler, event, context)
        return facts.http ? (guarded('an answer could not be described', () => answered(span, answer, header)) ?? answer) : answer
      })
    } finally {
      await flush(options)
    }
  }
  return traced as (event: Event, context: Context) => Promise<Awaited<Result>>
}

const unknownEvent: EventFacts = { kind: 'server', attributes: {}, carriers: [], http: false }

function invocationAttributes({ functionName, functionVersion, invokedFunctionArn, awsRequestId }: LambdaContextLike = {}): Attributes {
  const account = invokedFunctionArn?.split(':')[4]
  return {
    ...(functionName && { 'faas.name': functionName }),
    ...(functionVersion && { 'faas.version': functionVersion }),
    ...(awsRequestId && { 'faas.invocation_id': awsRequestId }),
    ...(invokedFunctionArn && { 'aws.lambda.invoked_arn': invokedFunctionArn }),
    ...(account && { 'cloud.account.id': account }),
  }
}

/** A handler with three parameters calls back, unless it returns a promise. */
function call(handler: AnyHandler, event: unknown, context: unknown): unknown {
  if (handler.length < 3) return handler(event, context)
  return new Promise((resolve, reject) => {
    const returned = handler(event, context, (error: unknown, result: unknown) => {
      if (error === undefined || error === null) resolve(result)
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the handler's own, whatever it is
      else reject(error)
    })
    if (typeof (returned as { then?: unknown } | undefined)?.then === 'function') resolve(returned)
  })
}

/** Describes the answer on the span, and returns it with the trace ID in its headers; what is no answer stays as it is. */
function answered(span: Span, answer: unknown, header: string | false): unknown {
  const { statusCode, headers } = (answer ?? {}) as { statusCode?: unknown; headers?: object }
  if (typeof statusCode !== 'number') return answer
  span.setAttribute('http.response.status_code', statusCode)
  if (statusCode >= 500) {
    span.setAttribute('error.type', String(statusCode))
    if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
  }
  return header === false ? answer : { ...(answer as object), headers: { [header]: span.spanContext().traceId, ...headers } }
}

/** Never rejects, and never waits for longer than it may: what cannot be sent must not fail the invocation. */
async function flush({ forceFlush = flushOfProvider, flushTimeoutMs = 2_000 }: TraceHandlerOptions<never>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, flushTimeoutMs, 'late')
  })
  try {
    if ((await Promise.race([forceFlush(), late])) === 'late') reportFault('traceHandler: what was recorded was not sent in time')
  } catch (error) {
    reportFault('traceHandler: what was recorded could not be sent', error)
  } finally {
    clearTimeout(timer)
  }
}

async function flushOfProvider(): Promise<void> {
  interface Flushing {
    forceFlush?(): Promise<void>
    getDelegate?(): Flushing
  }
  const provider = tracerProvider() as Flushing | undefined
  await (provider?.getDelegate?.() ?? provider)?.forceFlush?.()
}

function check(handler: unknown, options: TraceHandlerOptions<never>): void {
  if (typeof handler !== 'function') throw unexpected('handler', 'a function', handler)
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('traceHandler', options, ['forceFlush', 'flushTimeoutMs', 'carrier', 'incoming', 'header'])
  const { forceFlush, flushTimeoutMs, carrier } = options
  checkHeader(options.header)
  checkIncoming(options.incoming)
  if (flushTimeoutMs !== undefined && !(Number.isFinite(flushTimeoutMs) && flushTimeoutMs >= 0 && flushTimeoutMs < 2 ** 31)) {
    throw unexpected('flushTimeoutMs', 'a number of milliseconds, 0 or more, at most 2147483647', flushTimeoutMs)
  }
  for (const [name, fn] of Object.entries({ forceFlush, carrier })) {
    if (fn !== undefined && typeof fn !== 'function') throw unexpected(name, 'a function', fn)
  }
}
