/** Every way in which stores and lines write one trace ID. */
export interface TraceForms {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /**
   * The texts to search lines for: 32 hex digits in lower and in upper case, X-Ray's `1-8-24`, and the low 64 bits in decimal, as
   * Datadog writes them. Each consists of `[0-9A-Fa-f-]` only, so it stands for itself in any query language.
   */
  readonly needles: readonly string[]
  /** The needles in words, for a proof. */
  readonly described: string
  /** Whether the value of a trace field means this trace, in whichever form. */
  is(value: string): boolean
  /** Whether a text holds the ID, in whichever form. */
  isIn(text: string): boolean
}

// A decimal of fewer digits is too common a text to search for. One ID in 200,000 has such low bits.
const minDecimalDigits = 15

/** @param traceId - 32 lower-case hex digits, as `parseTraceId` gives them */
export function traceForms(traceId: string): TraceForms {
  const xray = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
  const decimal = BigInt(`0x${traceId.slice(16)}`).toString()
  const needles = new Set([traceId, traceId.toUpperCase(), xray])
  const searched = decimal.length >= minDecimalDigits
  if (searched) needles.add(decimal)
  const low = 'its low 64 bits in decimal'
  return {
    traceId,
    needles: [...needles],
    described: searched
      ? `as 32 hex digits of one case, as 1-8-24, or as ${low}`
      : `as 32 hex digits of one case or as 1-8-24; not as ${low} (${decimal}), since fewer than ${minDecimalDigits} digits are not searched for`,
    is: (value) => value === traceId || value === decimal || normalTraceId(value) === traceId,
    isIn: (text) => [...needles].some((needle) => text.includes(needle)),
  }
}

/**
 * The ID that a trace field holds, as 32 lower-case hex digits where its form tells them all (hex, X-Ray, Google Cloud's
 * `projects/…/traces/…`, X-Ray's with `@span` behind it, a W3C traceparent); other values as they are.
 */
export function normalTraceId(value: string): string {
  const text = value.trim().replace(/^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i, '$1')
  const [, a, b] =
    /^(?:projects\/[^/]+\/traces\/)?(?:1-(?=[0-9a-f]{8}-))?([0-9a-f]{8})-?([0-9a-f]{24})(?:@[0-9a-f]{16})?$/i.exec(text) ?? []
  return a === undefined || b === undefined ? value.trim() : (a + b).toLowerCase()
}
