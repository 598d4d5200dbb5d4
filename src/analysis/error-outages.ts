import type { SpanKindName, Trace } from '../traces/types.js'
import { isFailed } from './failure.js'
import { operationKey, type SpanRef } from './span-ref.js'
import { countUpTo } from './statistics.js'
import { compare } from './tree.js'

/** A time in which each call of an operation that ended failed. */
export interface Outage {
  service: string
  name: string
  kind: SpanKindName
  errors: number
  /** Its first error. */
  fromUnixNano: bigint
  /** The end of the first call after it that succeeded, in any of the traces; absent where none did. */
  recoveredUnixNano?: bigint
  /** From the first error to the recovery. */
  lastedNano?: bigint
}

/** When calls of the operations of interest succeeded. */
export class Successes {
  readonly #ends = new Map<string, bigint[]>()

  constructor(traces: readonly Trace[], operations: ReadonlySet<SpanRef>) {
    for (const operation of operations) this.#ends.set(operationKey(operation), [])
    if (this.#ends.size === 0) return
    for (const { spans } of traces) {
      for (const span of spans) if (!isFailed(span)) this.#ends.get(operationKey(span))?.push(span.endUnixNano)
    }
    for (const ends of this.#ends.values()) ends.sort(compare)
  }

  /** The end of the first success after a moment. */
  after(operation: SpanRef, moment: bigint): bigint | undefined {
    const ends = this.#ends.get(operationKey(operation)) ?? []
    return ends[countUpTo(ends, moment)]
  }
}

/** Errors of an operation between two successes are one outage. @param origins in time order */
export function outagesOf(origins: readonly (SpanRef & { atUnixNano: bigint })[], successes: Successes): Outage[] {
  const open = new Map<string, Outage>()
  const outages: Outage[] = []
  for (const origin of origins) {
    const { service, name, kind, atUnixNano } = origin
    const recovered = successes.after(origin, atUnixNano)
    const key = operationKey(origin)
    const known = open.get(key)
    if (known !== undefined && known.recoveredUnixNano === recovered) {
      known.errors++
      continue
    }
    const outage: Outage = {
      service,
      name,
      kind,
      errors: 1,
      fromUnixNano: atUnixNano,
      ...(recovered !== undefined && { recoveredUnixNano: recovered, lastedNano: recovered - atUnixNano }),
    }
    open.set(key, outage)
    outages.push(outage)
  }
  return outages
}
