import { createHash } from 'node:crypto'
import type { LogEntry } from './types.js'

/** What the order looks at: two entries that are equal in all of it are one and the same. */
export type OrderedEntry = Pick<LogEntry, 'timeUnixNano' | 'labels' | 'metadata' | 'line'>

/**
 * One order for the entries of a store that has none of its own below the nanosecond: by time, labels, metadata, line. An entry
 * without a time comes first.
 */
export function compareEntries(a: OrderedEntry, b: OrderedEntry): number {
  return (
    compare(a.timeUnixNano ?? -1n, b.timeUnixNano ?? -1n) ||
    compare(textOf(a.labels), textOf(b.labels)) ||
    compare(textOf(a.metadata), textOf(b.metadata)) ||
    compare(a.line, b.line)
  )
}

/** A short text that two entries share if they are one and the same. */
export function identityOf({ timeUnixNano, labels, metadata, line }: OrderedEntry): string {
  return createHash('sha1')
    .update(`${timeUnixNano} ${textOf(labels)} ${textOf(metadata)} ${line}`)
    .digest('base64')
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

// Kept, since a sort asks for the same record many times.
const texts = new WeakMap<Record<string, string>, string>()

function textOf(record: Record<string, string>): string {
  let text = texts.get(record)
  if (text === undefined) {
    text = JSON.stringify(Object.entries(record).toSorted(([a], [b]) => compare(a, b)))
    texts.set(record, text)
  }
  return text
}
