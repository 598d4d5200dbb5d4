import { type IncomingPolicy, incomingPolicies } from '../../src/context/trust.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'
import type { CompletionLogger } from '../any-logger.js'

/** How an edge treats requests; `Subject` is what the framework calls a request. */
export interface EdgeOptions<Subject> {
  /** Writes one line when a request is over: a pino or winston logger, or whatever has their methods. Without it none is written. */
  logger?: CompletionLogger
  /** Response header that carries the trace ID; `false` sends none. @defaultValue 'x-trace-id' */
  header?: string | false
  /** Answer with a `traceparent` header too. @defaultValue false */
  traceparent?: boolean
  /** The route of a request where the framework does not tell it: `/orders/:id`, never the path itself. */
  route?: (request: Subject) => string | undefined
  /** Whether a request is passed on untouched, such as a health check. */
  ignore?: (request: Subject) => boolean
  /**
   * What is made of the trace that a request names, for all or for each: `continue` goes on with it; `link` begins a new one with a link
   * to it; `ignore-sampled` goes on with its ID, and decides on sampling here. A function that throws trusts nobody: `link`.
   * @defaultValue 'continue'
   */
  incoming?: IncomingPolicy | ((request: Subject) => IncomingPolicy)
  /** Whether each request has to name a trace: one that does not is served, and warned of, once a route. @defaultValue false */
  requireTraceparent?: boolean | ((request: Subject) => boolean)
}

/** @throws SpanlogError INVALID_OPTION */
export function checkEdgeOptions(where: string, options: EdgeOptions<never>): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, ['logger', 'header', 'traceparent', 'route', 'ignore', 'incoming', 'requireTraceparent'])
  const { header, traceparent, route, ignore, incoming = 'continue', requireTraceparent = false } = options
  checkHeader(header)
  if (traceparent !== undefined && typeof traceparent !== 'boolean') throw unexpected('traceparent', 'a boolean', traceparent)
  if (typeof incoming !== 'function' && !incomingPolicies.includes(incoming))
    throw unexpected('incoming', `${incomingPolicies.join(', ')}, or a function`, incoming)
  if (typeof requireTraceparent !== 'function' && typeof requireTraceparent !== 'boolean')
    throw unexpected('requireTraceparent', 'a boolean or a function', requireTraceparent)
  for (const [name, fn] of Object.entries({ route, ignore })) {
    if (fn !== undefined && typeof fn !== 'function') throw unexpected(name, 'a function', fn)
  }
}

export function checkHeader(header: unknown): void {
  if (header === undefined || header === false || (typeof header === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(header))) return
  throw unexpected('header', 'the name of an HTTP header, or false', header)
}
