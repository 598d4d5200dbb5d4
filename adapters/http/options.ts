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
}

/** @throws SpanlogError INVALID_OPTION */
export function checkEdgeOptions(where: string, options: EdgeOptions<never>): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, ['logger', 'header', 'traceparent', 'route', 'ignore'])
  const { header, traceparent, route, ignore } = options
  checkHeader(header)
  if (traceparent !== undefined && typeof traceparent !== 'boolean') throw unexpected('traceparent', 'a boolean', traceparent)
  for (const [name, fn] of Object.entries({ route, ignore })) {
    if (fn !== undefined && typeof fn !== 'function') throw unexpected(name, 'a function', fn)
  }
}

export function checkHeader(header: unknown): void {
  if (header === undefined || header === false || (typeof header === 'string' && /^[!#$%&'*+\-.^_`|~\w]+$/.test(header))) return
  throw unexpected('header', 'the name of an HTTP header, or false', header)
}
