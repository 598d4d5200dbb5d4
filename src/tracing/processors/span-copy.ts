import type { SpanContext } from '@opentelemetry/api'
import type { EndedSpan } from './types.js'

/** What the SDK's spans have beside, which exporters read. */
type SdkSpan = EndedSpan & Record<'ended' | 'instrumentationScope' | `dropped${'Attributes' | 'Events' | 'Links'}Count`, unknown>

/**
 * A span that stands for another, which stays as it is: other processors have it too, and it may still be a parent. It shows all that exporters
 * of both lines of the SDK read; what a kind of copy shows of its own, it overrides. (An object with the span as its prototype would take
 * ten times as long: V8 makes a hidden class of its own for each object that another inherits from.)
 */
export class SpanCopy implements SdkSpan {
  protected readonly span: SdkSpan

  constructor(span: EndedSpan) {
    this.span = span as SdkSpan
  }

  get name(): string {
    return this.span.name
  }
  get kind(): EndedSpan['kind'] {
    return this.span.kind
  }
  get parentSpanContext(): SpanContext | undefined {
    return this.span.parentSpanContext
  }
  get startTime(): EndedSpan['startTime'] {
    return this.span.startTime
  }
  get endTime(): EndedSpan['endTime'] {
    return this.span.endTime
  }
  get duration(): EndedSpan['duration'] {
    return this.span.duration
  }
  get ended(): unknown {
    return this.span.ended
  }
  get status(): EndedSpan['status'] {
    return this.span.status
  }
  get attributes(): EndedSpan['attributes'] {
    return this.span.attributes
  }
  get events(): EndedSpan['events'] {
    return this.span.events
  }
  get links(): EndedSpan['links'] {
    return this.span.links
  }
  get resource(): EndedSpan['resource'] {
    return this.span.resource
  }
  get instrumentationScope(): unknown {
    return this.span.instrumentationScope
  }
  get droppedAttributesCount(): unknown {
    return this.span.droppedAttributesCount
  }
  get droppedEventsCount(): unknown {
    return this.span.droppedEventsCount
  }
  get droppedLinksCount(): unknown {
    return this.span.droppedLinksCount
  }
  spanContext(): SpanContext {
    return this.span.spanContext()
  }
}
