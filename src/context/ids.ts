import { randomFillSync } from 'node:crypto'
import { SpanlogError, unexpected } from '../errors.js'

const traceIdPattern = /^(?!0{32}$)[0-9a-f]{32}$/
const spanIdPattern = /^(?!0{16}$)[0-9a-f]{16}$/

/** 32 lower-case hex digits, not all zero. */
export function isTraceId(text: string): boolean {
  return traceIdPattern.test(text)
}

/** 16 lower-case hex digits, not all zero. */
export function isSpanId(text: string): boolean {
  return spanIdPattern.test(text)
}

/**
 * The trace ID that a person gave. Upper case is folded; anything else is refused by name.
 *
 * @throws SpanlogError INVALID_TRACE_ID
 */
export function parseTraceId(text: unknown): string {
  if (typeof text !== 'string') throw unexpected('traceId', '32 hex digits', text, 'INVALID_TRACE_ID')
  const folded = text.trim().toLowerCase()
  if (isTraceId(folded)) return folded
  if (/^0{32}$/.test(folded))
    throw new SpanlogError('INVALID_TRACE_ID', 'Expected `traceId` to be valid, got 32 zeros, which W3C Trace Context forbids')
  throw unexpected('traceId', `32 hex digits (this has ${folded.length} characters)`, text, 'INVALID_TRACE_ID')
}

// One call of the system's generator per 4 KB instead of one per ID: an ID then costs a tenth.
const pool = Buffer.alloc(4096)
let offset = pool.length

function randomHex(bytes: number): string {
  for (;;) {
    if (offset + bytes > pool.length) {
      randomFillSync(pool)
      offset = 0
    }
    const hex = pool.toString('hex', offset, offset + bytes)
    offset += bytes
    if (/[1-9a-f]/.test(hex)) return hex
  }
}

/** A random trace ID; all of its 128 bits are random, as the level-2 random flag promises. */
export function newTraceId(): string {
  return randomHex(16)
}

export function newSpanId(): string {
  return randomHex(8)
}
