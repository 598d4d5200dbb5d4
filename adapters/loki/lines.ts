import { randomInt } from 'node:crypto'
import { isSpanId, isTraceId } from '../../src/context/ids.js'
import { severityName, severityOfPinoLevel } from '../../src/fields/severity.js'
import { readLine } from '../../src/logs/entry.js'
import { fieldToUnixNano } from '../../src/logs/time.js'
import type { Entry } from './entry.js'
import type { LokiSettings } from './settings.js'

/** What a logger knows of a line beside its text. */
export interface Known {
  timeUnixNano?: bigint | undefined
  level?: string | undefined
  traceId?: string | undefined
  spanId?: string | undefined
}

const million = 1_000_000n
const longestValue = 1024

/** Makes entries of lines. */
export class Lines {
  readonly #settings: LokiSettings
  /** Labels as JSON, by level where it is one of them. */
  readonly #labels = new Map<string, string>()
  /** At random, so that two processes do not give the same line the same time. */
  #number = BigInt(randomInt(1_000_000))
  /** Whether lines have metadata beside their level and IDs. */
  readonly #hasMore: boolean
  /** Words for pino's numbers. */
  #levels: Readonly<Record<string, string>> = {}
  /** The latest times that say more than milliseconds. */
  readonly #fine = new Set<bigint>()

  constructor(settings: LokiSettings) {
    this.#settings = settings
    this.#hasMore = settings.metadata.length > 0 || Object.keys(settings.everyLine).length > 0
  }

  entry(line: string, known: Known = {}): Entry {
    const said = isAllKnown(known, line) ? known : undefined
    const fields = (said === undefined || this.#settings.metadata.length > 0) && line.startsWith('{') ? parsed(line) : undefined
    return this.#entryOf(line, said ?? this.#quickly(fields, known, line) ?? this.#slowly(fields, known, line), fields)
  }

  nameLevels(names: Readonly<Record<string, string>>): void {
    this.#levels = names
  }

  #entryOf(line: string, said: Known, fields: Fields | undefined): Entry {
    const time = this.#numbered(said.timeUnixNano ?? BigInt(Date.now()) * million)
    const metadata = this.#hasMore ? JSON.stringify(this.#metadataOf(said, fields)) : plainMetadata(said)
    return { labels: this.#labelsOf(said.level), value: `["${time}",${JSON.stringify(line)},${metadata}]` }
  }

  #metadataOf({ level, traceId, spanId }: Known, fields: Fields | undefined): Record<string, string> {
    const metadata: Record<string, string> = { ...this.#settings.everyLine }
    for (const name of this.#settings.metadata) {
      const value = fields !== undefined && Object.hasOwn(fields, name) ? textOf(fields[name]) : undefined
      if (value !== undefined && value !== '' && value.length <= longestValue) metadata[name] = value
    }
    if (level !== undefined) metadata['level'] = level
    if (traceId !== undefined) metadata['trace_id'] = traceId
    if (spanId !== undefined) metadata['span_id'] = spanId
    return metadata
  }

  /** By the names that pino, winston and spanlog write by default; `undefined` where other names may say more. */
  #quickly(fields: Fields | undefined, known: Known, line: string): Known | undefined {
    if (fields === undefined) return undefined
    const { trace_id: trace, span_id: span } = fields
    const timeUnixNano = known.timeUnixNano ?? fieldToUnixNano(fields['time']) ?? fieldToUnixNano(fields['timestamp'])
    const level = known.level ?? this.#wordOf(fields['level'])
    const traceId = known.traceId ?? (typeof trace === 'string' && isTraceId(trace) ? trace : undefined)
    if (timeUnixNano === undefined || level === undefined || (traceId === undefined && namesOfTraces.test(line))) return undefined
    return { timeUnixNano, level, traceId, spanId: known.spanId ?? (typeof span === 'string' && isSpanId(span) ? span : undefined) }
  }

  /** By all names and layouts that the queries know. */
  #slowly(fields: Fields | undefined, known: Known, line: string): Known {
    const entry = readLine({ line })
    return {
      timeUnixNano: known.timeUnixNano ?? entry?.timeUnixNano,
      level: known.level ?? this.#wordOf(fields?.['level']) ?? entry?.severity?.text.toLowerCase(),
      traceId: known.traceId ?? entry?.traceId,
      spanId: known.spanId ?? entry?.spanId,
    }
  }

  #wordOf(level: unknown): string | undefined {
    if (typeof level === 'string') return level.toLowerCase()
    return typeof level === 'number' ? (this.#levels[level] ?? severityName(severityOfPinoLevel(level))) : undefined
  }

  /** A line of ours among the user's. */
  notice(message: string): Entry {
    return this.entry(JSON.stringify({ level: 'warn', time: new Date().toISOString(), name: 'spanlog', msg: message }))
  }

  /**
   * The time of a line is its own. Loki keeps one of two lines of a stream that are alike to the nanosecond, and loggers write
   * milliseconds: the digits that the line leaves open are a running number, which also keeps lines of one millisecond in order. Where it leaves none
   * open, one nanosecond is added to each that comes again.
   */
  #numbered(own: bigint): bigint {
    if (own % million === 0n) {
      this.#number = (this.#number + 1n) % million
      return own + this.#number
    }
    let time = own
    while (this.#fine.has(time)) time++
    if (this.#fine.size === 1000) this.#fine.delete(this.#fine.values().next().value as bigint)
    this.#fine.add(time)
    return time
  }

  #labelsOf(level: string | undefined): string {
    const key = this.#settings.levelLabel ? (level ?? 'unknown') : ''
    const known = this.#labels.get(key)
    if (known !== undefined) return known
    const all = key === '' ? this.#settings.labels : { ...this.#settings.labels, level: key }
    const labels = JSON.stringify(Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    // Levels are few, unless somebody makes texts of their own.
    if (this.#labels.size < 100) this.#labels.set(key, labels)
    return labels
  }
}

type Fields = Readonly<Record<string, unknown>>

/** As JSON: a third of what it takes to make an object of it first. IDs are hex digits. */
function plainMetadata({ level, traceId, spanId }: Known): string {
  const parts: string[] = []
  if (level !== undefined) parts.push(`"level":${JSON.stringify(level)}`)
  if (traceId !== undefined) parts.push(`"trace_id":"${traceId}"`)
  if (spanId !== undefined) parts.push(`"span_id":"${spanId}"`)
  return `{${parts.join(',')}}`
}

function parsed(line: string): Fields | undefined {
  try {
    return JSON.parse(line) as Fields
  } catch {
    return undefined
  }
}

/** A line that has a trace, or may not have one. */
function isAllKnown({ timeUnixNano, level, traceId }: Known, line: string): boolean {
  return timeUnixNano !== undefined && level !== undefined && (traceId !== undefined || !namesOfTraces.test(line))
}

const namesOfTraces = /trace|dd\./i

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value === null || value === undefined ? undefined : JSON.stringify(value)
}
