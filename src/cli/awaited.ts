import type { LogEntry } from '../logs/index.js'
import type { Found } from './gather.js'
import type { Places } from './sources.js'

/** What was found, with the reason against it where lines of the trace are there and a store that knows late has no span of it. */
export function doubted(found: Found, places: Places): Found {
  const { spans, entries } = found
  if (!knowsLate(places) || spans?.complete !== true || spans.trace !== undefined || !entries.some(mayHaveSpan)) return found
  const message = 'there are lines of the trace, and no store has a span of it: it may not have them yet, or was sent none'
  return { ...found, spans: { complete: false, reasons: [...spans.reasons, { code: 'SPANS_UNKNOWN', message }] } }
}

/** Whether a store is asked that knows a trace only some time after it came: files have all that was written to them. */
function knowsLate({ tempo, jaeger, zipkin }: Places): boolean {
  return [tempo, jaeger, zipkin].some((store) => store !== undefined)
}

/** Where the line does not say that its trace is not sampled: then no store is sent its spans. */
function mayHaveSpan({ fields, metadata, mention }: LogEntry): boolean {
  if (mention === true) return false
  // As spanlog and the instrumentations of OpenTelemetry write it, and as Loki keeps that of a log record, in decimal.
  const hex = fields['trace_flags'] ?? metadata['trace_flags']
  const decimal = metadata['flags']
  if (typeof hex === 'string' || typeof hex === 'number') return isSampled(Number.parseInt(String(hex), 16))
  if (decimal !== undefined) return isSampled(Number(decimal))
  return fields['logging.googleapis.com/trace_sampled'] !== false
}

function isSampled(flags: number): boolean {
  // What is no number says nothing.
  return Number.isNaN(flags) || flags % 2 === 1
}
