import type { IncomingPolicy } from '../../src/context/trust.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'
import { guarded } from '../http/guarded.js'
import type { TraceClientOptions } from '../http/propagate-to.js'

interface InterceptorOptions {
  /** Whether a call is passed on untouched, by its method: `grpc.health.v1.Health/Check`. */
  ignore?: (method: string) => boolean
}

/** How `clientInterceptor` treats calls. Hosts of `propagateTo` are those of the channel's target. */
export interface ClientInterceptorOptions extends InterceptorOptions, TraceClientOptions {}

/** How `serverInterceptor` treats calls. */
export interface ServerInterceptorOptions extends InterceptorOptions {
  /**
   * What is made of the trace that a call names: `continue` goes on with it; `link` begins a new one with a link to it; `ignore-sampled` goes
   * on with its ID, and decides on sampling here. @defaultValue 'continue'
   */
  incoming?: IncomingPolicy
}

/**
 * @returns whether the calls of a method are passed on untouched
 * @throws SpanlogError INVALID_OPTION
 */
export function ignoring(where: string, options: InterceptorOptions, others: readonly string[]): (method: string) => boolean {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, ['ignore', ...others])
  const { ignore } = options
  if (ignore !== undefined && typeof ignore !== 'function') throw unexpected('ignore', 'a function', ignore)
  return (method) => guarded(`${where}: ignore failed`, () => ignore?.(method)) ?? false
}
