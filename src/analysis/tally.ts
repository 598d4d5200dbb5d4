import type { SpanKindName } from '../traces/types.js'
import { operationKey } from './span-ref.js'

/** An operation and how often it was met. */
export interface Counted {
  service: string
  name: string
  kind: SpanKindName
  count: number
}

/** Counts operations. */
export class Tally {
  readonly #counts = new Map<string, Counted>()

  add({ service, name, kind }: Omit<Counted, 'count'>): void {
    const key = operationKey({ service, name, kind })
    const known = this.#counts.get(key)
    if (known === undefined) this.#counts.set(key, { service, name, kind, count: 1 })
    else known.count++
  }

  /** Most first. */
  ranked(): Counted[] {
    return [...this.#counts.values()].toSorted((a, b) => b.count - a.count)
  }
}
