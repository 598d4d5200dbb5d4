import type { Attributes, Span } from '@opentelemetry/api'
import { runIn } from '../../src/context/active.js'
import { countUntraced, type IncomingPolicy, incomingPolicies } from '../../src/context/trust.js'
import { traceparentOf } from '../../src/context/wire.js'
import { failing } from '../failing.js'
import { completionWriter } from './completion-line.js'
import { guarded } from './guarded.js'
import { checkEdgeOptions, type EdgeOptions } from './options.js'
import { nameOfMethod, type RequestFacts } from './request.js'
import { type BodySizes, openServerSpan } from './server-span.js'

/** One request and its response, from the server span's start to its end. */
export interface Exchange {
  readonly traceId: string
  /** Whether `over` has a use for the sizes of the bodies, which take time to be counted. */
  readonly wantsSizes: boolean
  /** What the response says of the trace. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Runs the handler, or a part of it, in the request's trace. What it throws or rejects with is recorded, and goes on. */
  run<T>(fn: () => T): T
  /** Records what the handler threw, unless it is an answer: an error that the framework makes a 4xx of. */
  fail(error: unknown): void
  /** Once: writes the completion line and ends the span. `finished` is false where the client went away. */
  over(outcome: { status: number | undefined; sizes: BodySizes; finished: boolean }): void
}

export interface Edge<Subject> {
  /** Opens the server span of a request; `undefined` where the request is passed on untouched. */
  open<R extends object>(subject: Subject, raw: R, factsOf: (raw: R) => RequestFacts): Exchange | undefined
}

// On the raw request: several copies of the package, or an edge in front of another, open one span and write one line.
const handled = Symbol.for('spanlog.http')

/**
 * The server's edge, the same for each framework: the span, the header that answers, the completion line.
 *
 * @param where - the public name whose options these are
 * @param frameworkRoute - what the framework knows of a request's route, once the handler ran
 * @throws SpanlogError INVALID_OPTION
 */
export function serverEdge<Subject>(
  where: string,
  options: EdgeOptions<Subject>,
  frameworkRoute?: (subject: Subject) => string | undefined,
): Edge<Subject> {
  checkEdgeOptions(where, options)
  const { header = 'x-trace-id', traceparent = false, route, ignore, incoming = 'continue', requireTraceparent = false } = options
  const writeCompletion = options.logger === undefined ? undefined : completionWriter(options.logger)

  return {
    open: (subject, raw, factsOf) =>
      guarded(`${where}: a request could not be traced`, () => {
        if (handled in raw || guarded(`${where}: ignore failed`, () => ignore?.(subject))) return undefined
        Object.defineProperty(raw, handled, { value: true })
        return start(subject, factsOf(raw))
      }),
  }

  function policyOf(subject: Subject): IncomingPolicy {
    if (typeof incoming !== 'function') return incoming
    const policy = guarded(`${where}: incoming failed`, () => incoming(subject))
    return incomingPolicies.includes(policy) ? (policy as IncomingPolicy) : 'link'
  }

  function isRequired(subject: Subject): boolean {
    return (
      requireTraceparent === true ||
      (requireTraceparent !== false && guarded(`${where}: requireTraceparent failed`, () => requireTraceparent(subject)) === true)
    )
  }

  function start(subject: Subject, request: RequestFacts): Exchange {
    const server = openServerSpan(request, () => policyOf(subject))
    const { traceId } = server.span.spanContext()
    const started = performance.now()
    const failures = new Failures()
    const fail = (error: unknown): void => failures.add(error)
    let done = false
    return {
      traceId,
      wantsSizes: server.describes,
      headers: [
        ...(header === false ? [] : [[header, traceId] as const]),
        ...(traceparent ? [['traceparent', traceparentOf(server.context) ?? ''] as const] : []),
      ],
      fail,
      run: (fn) => runIn(server.context, () => failing(fn, fail)),
      over({ status, sizes, finished }) {
        if (done) return
        done = true
        const known = guarded(`${where}: route failed`, () => route?.(subject) ?? frameworkRoute?.(subject)) ?? server.foundRoute()
        if (!server.named) countUntraced(`${nameOfMethod(request.method)} ${known ?? '(no route)'}`, isRequired(subject))
        const durationMs = Math.round((performance.now() - started) * 1000) / 1000
        const line = {
          method: request.method,
          ...(known && { route: known }),
          path: request.path,
          ...(status !== undefined && { status }),
          durationMs,
        }
        guarded(`${where}: logger failed`, () => runIn(server.context, () => writeCompletion?.(line, finished)))
        failures.record(server.span)
        server.end({ route: known, status, sizes })
      },
    }
  }
}

/** What a handler threw, kept until the request is over: by then a logger may have shown it on the span already. */
class Failures {
  private errors: Map<unknown, Date> | undefined

  add(error: unknown): void {
    if (isAnswer(error)) return
    this.errors ??= new Map()
    if (!this.errors.has(error)) this.errors.set(error, new Date())
  }

  record(span: Span): void {
    if (this.errors === undefined) return
    for (const [error, time] of this.errors) {
      const exception = error instanceof Error ? error : String(error)
      guarded('an error could not be recorded on its span', () => isShown(span, exception) || span.recordException(exception, time))
    }
  }
}

/** Spans of the SDK let their events be read. A logger's serializer may put the messages of causes behind the error's own. */
function isShown(span: Span, exception: Error | string): boolean {
  const { events = [] } = span as { events?: readonly { name: string; attributes?: Attributes }[] }
  const message = typeof exception === 'string' ? exception : exception.message
  return events.some(({ name, attributes }) => name === 'exception' && String(attributes?.['exception.message'] ?? '').startsWith(message))
}

/** Frameworks throw what they answer with: a `404` is no fault of the service. */
function isAnswer(error: unknown): boolean {
  const { status, statusCode = status } = (error ?? {}) as { status?: unknown; statusCode?: unknown }
  return typeof statusCode === 'number' && statusCode >= 300 && statusCode < 500
}
