import type { Attributes, SpanContext } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { stage } from './stage.js'
import type { EndedSpan, SpanStage } from './types.js'

/** What is known of a span, at its start or its end. */
type SeenSpan = Pick<EndedSpan, 'name' | 'kind' | 'attributes'>

/** What `filterSpans` leaves out. */
export interface FilterSpansOptions {
  /**
   * Spans that are not to be exported: asked at the start of a span and, if it was not left out by then, at its end.
   *
   * @defaultValue health checks: `/health`, `/healthz`, `/livez`, `/ready`, `/readyz`, `/ping`, `/status`, `/metrics`, `/favicon.ico`, and
   * gRPC's health service
   */
  leaveOut?: (span: SeenSpan) => boolean
}

const healthPath =
  /^\/(?:-\/)?(?:health|healthz|healthcheck|livez?|liveness|ready|readyz|readiness|ping|status|metrics|favicon\.ico)\/?(?:[?#]|$)/i
const healthMethod = /\bgrpc\.health\.v1\.Health\b/

function isHealthCheck({ name, attributes }: SeenSpan): boolean {
  const path = text(attributes, 'url.path') ?? text(attributes, 'http.target') ?? text(attributes, 'http.route')
  const method = text(attributes, 'rpc.service') ?? text(attributes, 'rpc.method') ?? name
  return (path !== undefined && healthPath.test(path)) || healthMethod.test(method)
}

function text(attributes: Attributes, key: string): string | undefined {
  const value = attributes[key]
  return typeof value === 'string' ? value : undefined
}

/**
 * Leaves spans out of what is exported, by default those of health checks. One that is recognised at its start is left out with all that
 * happens beneath it in this process; one that is recognised at its end, alone. What is called downstream is traced there nonetheless:
 * to spare that as well, sample by `ruleSampler`.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', processors: [filterSpans()] })
 * ```
 */
export function filterSpans(options: FilterSpansOptions = {}): SpanStage {
  refuseUnknownOptions('filterSpans', options, ['leaveOut'])
  const { leaveOut = isHealthCheck } = options
  if (typeof leaveOut !== 'function') throw unexpected('leaveOut', 'a function', leaveOut)
  // A child holds the very context of its parent.
  const leftOut = new WeakSet<SpanContext>()

  return stage('filterSpans', {
    begins(span) {
      const { parentSpanContext } = span
      const isOut = (parentSpanContext !== undefined && leftOut.has(parentSpanContext)) || leaveOut(span)
      if (isOut) leftOut.add(span.spanContext())
      return !isOut
    },
    ends: (span) => (leftOut.has(span.spanContext()) || leaveOut(span) ? undefined : span),
  })
}
