import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api'

/** A span that has ended, as both lines of OpenTelemetry's SDK hand it to processors and exporters. */
export interface EndedSpan {
  readonly name: string
  readonly kind: SpanKind
  spanContext(): SpanContext
  readonly parentSpanContext?: SpanContext | undefined
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly duration: HrTime
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly events: readonly { readonly name: string; readonly time: HrTime; readonly attributes?: Attributes | undefined }[]
  readonly links: readonly Link[]
  readonly resource: { readonly attributes: Attributes }
}
