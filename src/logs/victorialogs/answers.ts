import { SpanlogError } from '../../errors.js'
import { isoToUnixNano } from '../time.js'
import type { LogEntry } from '../types.js'

/** One line as VictoriaLogs answers it. */
export interface VictoriaLine extends Pick<LogEntry, 'line' | 'labels' | 'metadata'> {
  timeUnixNano: bigint
}

/** How much stands in a stretch of time. */
export interface Bucket {
  /** Inclusive. */
  from: bigint
  lines: number
  /** Of all fields together. */
  bytes: number
}

/** Nothing in an answer is trusted. @throws SpanlogError VICTORIALOGS_BAD_ANSWER */
export function readVictoriaLine(json: unknown): VictoriaLine {
  const { _time: time, _stream: stream, _stream_id: _, _msg: line = '', ...fields } = fieldsOf(json)
  const labels: Record<string, string> = {}
  for (const name of labelNames(stream ?? '')) {
    const value = fields[name]
    if (value === undefined) continue
    labels[name] = value
    delete fields[name]
  }
  return { timeUnixNano: timeOf(time), line, labels, metadata: fields }
}

/** An answer of `stats by (_time:…)`. @throws SpanlogError VICTORIALOGS_BAD_ANSWER */
export function readBucket(json: unknown): Bucket {
  const { _time: time, lines, bytes } = fieldsOf(json)
  return { from: timeOf(time), lines: wholeOf(lines), bytes: wholeOf(bytes) }
}

/** An answer of `count() as lines`. @throws SpanlogError VICTORIALOGS_BAD_ANSWER */
export function readCount(json: unknown): number {
  return wholeOf(fieldsOf(json)['lines'])
}

/** An answer of `block_stats`, summed up; without any block its sums are no numbers. @throws SpanlogError VICTORIALOGS_BAD_ANSWER */
export function readBlockBytes(json: unknown): number {
  const { values, dictionaries, blooms } = fieldsOf(json)
  return [values, dictionaries, blooms].reduce((sum, bytes) => sum + (bytes === 'NaN' ? 0 : wholeOf(bytes)), 0)
}

/** The names in `{app="shop",env="prod"}`; the values are fields of the line too. */
function labelNames(stream: string): string[] {
  return [...stream.matchAll(/[{,]([^=]+)="(?:[^"\\]|\\.)*"/gs)].map(([, name = '']) => name)
}

function fieldsOf(json: unknown): Record<string, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw badAnswer('an object')
  for (const value of Object.values(json)) if (typeof value !== 'string') throw badAnswer('a text in a field')
  return json as Record<string, string>
}

function timeOf(text: string | undefined): bigint {
  const time = isoToUnixNano(text ?? '')
  if (time === undefined) throw badAnswer('a time')
  return time
}

function wholeOf(text: string | undefined): number {
  const whole = Number(text)
  if (text === undefined || !/^\d+$/.test(text) || !Number.isSafeInteger(whole)) throw badAnswer('a count')
  return whole
}

export function badAnswer(missing: string): SpanlogError {
  return new SpanlogError('VICTORIALOGS_BAD_ANSWER', `VictoriaLogs' answer lacks ${missing} where there should be one`)
}
