import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { isStatusUnset } from '../src/context/span-failure.js'

/** Shows on a span what its call failed with. */
export function recordFailure(span: Span, error: unknown, type: string = errorType(error)): void {
  const exception = error instanceof Error ? error : String(error)
  span.setAttribute('error.type', type)
  span.recordException(exception)
  if (isStatusUnset(span))
    span.setStatus({ code: SpanStatusCode.ERROR, message: typeof exception === 'string' ? exception : exception.message })
}

/** `ECONNREFUSED` says more than fetch's `TypeError`. */
export function errorType(error: unknown): string {
  const { name, code, cause } = (error ?? {}) as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
  const said = [code, cause?.code, name].find((one) => typeof one === 'string')
  return said ?? '_OTHER'
}
