import type { SpanContext } from '@opentelemetry/api'
import type { EndedSpan } from './types.js'

/** What the copies of a stage show in place of the span's own; each is made when somebody reads it first, if anybody does. */
export type Changes = { readonly [K in Changed]?: (span: EndedSpan) => EndedSpan[K] }
type Changed = 'name' | 'status' | 'attributes' | 'events' | 'links' | 'resource'

/** What the SDK's spans have beside, which exporters read. */
type SdkSpan = EndedSpan & Record<'ended' | 'instrumentationScope' | `dropped${'Attributes' | 'Events' | 'Links'}Count`, unknown>

/**
 * A span that shows something else than the one behind it, which stays as it is: other processors have it too. Nothing is made before it
 * is read, which a batch processor does after the request is over, and only for spans that are exported. (An object with the span as its
 * prototype would take ten times as long: V8 gives up the span for fast.)
 */
class ChangedSpan implements SdkSpan {
  readonly #span: SdkSpan
  readonly #changes: Changes
  readonly #made: { -readonly [K in Changed]?: EndedSpan[K] } = {}

  constructor(span: EndedSpan, changes: Changes) {
    this.#span = span as SdkSpan
    this.#changes = changes
  }

  #show<K extends Changed>(key: K): EndedSpan[K] {
    const make = this.#changes[key]
    if (make === undefined) return this.#span[key]
    return (this.#made[key] ??= make(this.#span))
  }

  get name(): string {
    return this.#show('name')
  }
  get status(): EndedSpan['status'] {
    return this.#show('status')
  }
  get attributes(): EndedSpan['attributes'] {
    return this.#show('attributes')
  }
  get events(): EndedSpan['events'] {
    return this.#show('events')
  }
  get links(): EndedSpan['links'] {
    return this.#show('links')
  }
  get resource(): EndedSpan['resource'] {
    return this.#show('resource')
  }
  get kind(): EndedSpan['kind'] {
    return this.#span.kind
  }
  get parentSpanContext(): SpanContext | undefined {
    return this.#span.parentSpanContext
  }
  get startTime(): EndedSpan['startTime'] {
    return this.#span.startTime
  }
  get endTime(): EndedSpan['endTime'] {
    return this.#span.endTime
  }
  get duration(): EndedSpan['duration'] {
    return this.#span.duration
  }
  get ended(): unknown {
    return this.#span.ended
  }
  get instrumentationScope(): unknown {
    return this.#span.instrumentationScope
  }
  get droppedAttributesCount(): unknown {
    return this.#span.droppedAttributesCount
  }
  get droppedEventsCount(): unknown {
    return this.#span.droppedEventsCount
  }
  get droppedLinksCount(): unknown {
    return this.#span.droppedLinksCount
  }
  spanContext(): SpanContext {
    return this.#span.spanContext()
  }
}

export function changedSpan(span: EndedSpan, changes: Changes): EndedSpan {
  return new ChangedSpan(span, changes)
}
