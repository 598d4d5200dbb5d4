import { SpanCopy } from './span-copy.js'
import type { EndedSpan } from './types.js'

/** What the copies of a stage show in place of the span's own; each is made when somebody reads it first, if anybody does. */
export type Changes = { readonly [K in Changed]?: (span: EndedSpan) => EndedSpan[K] }
type Changed = 'name' | 'status' | 'attributes' | 'events' | 'links' | 'resource'

/** Nothing is made before it is read, which a batch processor does after the request is over, and only for spans that are exported. */
class ChangedSpan extends SpanCopy {
  readonly #changes: Changes
  readonly #made: { -readonly [K in Changed]?: EndedSpan[K] } = {}

  constructor(span: EndedSpan, changes: Changes) {
    super(span)
    this.#changes = changes
  }

  #show<K extends Changed>(key: K): EndedSpan[K] {
    const make = this.#changes[key]
    if (make === undefined) return this.span[key]
    return (this.#made[key] ??= make(this.span))
  }

  override get name(): string {
    return this.#show('name')
  }
  override get status(): EndedSpan['status'] {
    return this.#show('status')
  }
  override get attributes(): EndedSpan['attributes'] {
    return this.#show('attributes')
  }
  override get events(): EndedSpan['events'] {
    return this.#show('events')
  }
  override get links(): EndedSpan['links'] {
    return this.#show('links')
  }
  override get resource(): EndedSpan['resource'] {
    return this.#show('resource')
  }
}

export function changedSpan(span: EndedSpan, changes: Changes): EndedSpan {
  return new ChangedSpan(span, changes)
}
