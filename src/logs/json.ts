import { unexpected } from '../errors.js'
import type { LogEntry } from './types.js'

/** A `LogEntry` as JSON has it: the time as a decimal string. */
export type LogEntryJson = Omit<LogEntry, 'timeUnixNano'> & { timeUnixNano?: string }

/**
 * An entry as a value for `JSON.stringify`, its time as a decimal string, as in OTLP/JSON.
 *
 * @example
 * ```ts
 * for await (const entry of source.forTrace(traceId)) console.log(JSON.stringify(toJson(entry)))
 * ```
 */
export function toJson(entry: LogEntry): LogEntryJson {
  const { timeUnixNano, ...rest } = entry
  return timeUnixNano === undefined ? rest : { timeUnixNano: String(timeUnixNano), ...rest }
}

/**
 * The entry that `toJson` made a value of.
 *
 * @throws SpanlogError INVALID_OPTION where the value is no such entry
 * @example
 * ```ts
 * const entry = fromJson(JSON.parse(line))
 * ```
 */
export function fromJson(value: unknown): LogEntry {
  if (!isRecord(value)) throw unexpected('value', 'an entry that toJson made', value)
  const { timeUnixNano, severity, ...rest } = value
  if (typeof rest['line'] !== 'string') throw unexpected('value.line', 'a string', rest['line'])
  for (const name of ['service', 'message', 'traceId', 'spanId']) {
    if (rest[name] !== undefined && typeof rest[name] !== 'string') throw unexpected(`value.${name}`, 'a string', rest[name])
  }
  for (const name of ['fields', 'metadata', 'labels']) {
    if (!isRecord(rest[name])) throw unexpected(`value.${name}`, 'an object', rest[name])
  }
  if (timeUnixNano !== undefined && !(typeof timeUnixNano === 'string' && /^\d+$/.test(timeUnixNano))) {
    throw unexpected('value.timeUnixNano', 'nanoseconds as a decimal string', timeUnixNano)
  }
  if (severity !== undefined && !(isRecord(severity) && typeof severity['number'] === 'number' && typeof severity['text'] === 'string')) {
    throw unexpected('value.severity', 'an object with `number` and `text`', severity)
  }
  return {
    ...(timeUnixNano !== undefined && { timeUnixNano: BigInt(timeUnixNano) }),
    ...(severity !== undefined && { severity }),
    ...rest,
  } as unknown as LogEntry
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
