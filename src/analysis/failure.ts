import type { TraceSpan } from '../traces/types.js'
import { httpStatus, textOf } from './attributes.js'

/** What failed, as far as the span says. */
export interface Failure {
  /** The exception's type; else `error.type`, `HTTP 503`, `gRPC 14`, or `error` where the span has no word for it. */
  type: string
  message?: string
  /** When the exception was recorded, else the end of the span. */
  atUnixNano: bigint
}

/** A status of error; without a status, `error.type`, which the semantic conventions allow on failures only. A status of `ok` is the last word. */
export function isFailed({ status, attributes }: TraceSpan): boolean {
  return status.code === 'error' || (status.code === 'unset' && textOf(attributes, 'error.type') !== undefined)
}

export function failureOf(span: TraceSpan): Failure {
  const exception = span.events.findLast(({ attributes }) => textOf(attributes, 'exception.type', 'exception.message') !== undefined)
  const message = textOf(exception?.attributes, 'exception.message') ?? textOf({ message: span.status.message }, 'message')
  return {
    type: textOf(exception?.attributes, 'exception.type') ?? typeOf(span),
    ...(message !== undefined && { message }),
    atUnixNano: exception?.timeUnixNano ?? span.endUnixNano,
  }
}

function typeOf(span: TraceSpan): string {
  const named = textOf(span.attributes, 'error.type')
  const http = httpStatus(span)
  // HTTP instrumentation puts the number into error.type as well: 503 alone says less.
  if (http !== undefined && http >= 400 && (named === undefined || named === String(http))) return `HTTP ${http}`
  if (named !== undefined) return named
  const grpc = textOf(span.attributes, 'rpc.status_code', 'rpc.response.status_code', 'rpc.grpc.status_code')
  return grpc === undefined || grpc === '0' ? 'error' : `gRPC ${grpc}`
}
