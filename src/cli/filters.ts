import { unexpected } from '../errors.js'
import { severityOfName } from '../fields/severity.js'
import type { LogEntry } from '../logs/index.js'
import type { Flags, ValuesOf } from './command.js'
import { parseCount } from './options.js'

/** Which lines to show. */
export const filterFlags = {
  level: {
    type: 'string',
    value: '<level>',
    choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    help: 'lines at least this severe, such as warn; lines without a level never are',
  },
  service: { type: 'string', value: '<name>', help: 'lines of this service' },
  grep: { type: 'string', value: '<text>', help: 'lines that hold this text, as it is written, or match it: /refused|timed out/i' },
} as const satisfies Flags

export const contextFlag = {
  context: { type: 'string', short: 'C', value: '<lines>', help: 'so many lines of the trace before and after each that fits' },
} as const satisfies Flags

type FilterValues = ValuesOf<typeof filterFlags>

/** Whether a line is to be shown; `undefined` where all are. @throws SpanlogError INVALID_OPTION */
export function lineFilter({ level, service, grep }: FilterValues): ((entry: LogEntry) => boolean) | undefined {
  if (level === undefined && service === undefined && grep === undefined) return undefined
  const least = level === undefined ? undefined : severityOfName(level.trim())
  if (level !== undefined && least === undefined) throw unexpected('--level', 'the name of a level, such as warn or error', level)
  const pattern = grep === undefined ? undefined : parsePattern(grep)
  const holds = (line: string): boolean => (typeof pattern === 'object' ? pattern.test(line) : line.includes(pattern ?? ''))
  return (entry) =>
    (least === undefined || (entry.severity?.number ?? 0) >= least) &&
    (service === undefined || entry.service === service) &&
    holds(entry.line)
}

/** `/text/flags` is a regular expression, anything else a text. @throws SpanlogError INVALID_OPTION */
export function parsePattern(given: string): string | RegExp {
  if (given === '') throw unexpected('--grep', 'a text that is not empty', given)
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(given) ?? []
  if (source === undefined) return given
  try {
    // `g` and `y` would keep a state from line to line.
    return new RegExp(source, flags?.replaceAll(/[gy]/g, ''))
  } catch {
    throw unexpected('--grep', 'a text, or a regular expression between slashes', given)
  }
}

/** A line to show. */
export interface ShownLine {
  entry: LogEntry
  /** Lines between it and the one shown before were left out. */
  apart: boolean
}

/** The lines that fit, with the lines around them; counts what it leaves out. */
export class Sieve {
  filtered = 0
  readonly #fits: ((entry: LogEntry) => boolean) | undefined
  /** How many lines around each to show; without `--context` nothing marks lines that are apart. */
  readonly #around: number | undefined
  #before: LogEntry[] = []
  #after = 0
  #left = false
  #shown = false

  /** @throws SpanlogError INVALID_OPTION */
  constructor(values: FilterValues & { context?: string }) {
    this.#fits = lineFilter(values)
    this.#around = values.context === undefined ? undefined : parseCount('--context', values.context, 0)
    if (values.context !== undefined && this.#fits === undefined)
      throw unexpected('--context', 'beside --level, --service or --grep, whose lines it surrounds', values.context)
  }

  get isOpen(): boolean {
    return this.#fits === undefined
  }

  /** What the next line brings to show: nothing, itself, or lines before it as well. */
  next(entry: LogEntry): ShownLine[] {
    if (this.#fits === undefined) return [{ entry, apart: false }]
    if (this.#fits(entry)) {
      const lines = [...this.#before, entry].map((each, index) => ({ entry: each, apart: index === 0 && this.#left }))
      this.filtered -= this.#before.length
      this.#before = []
      this.#after = this.#around ?? 0
      this.#left = false
      this.#shown = true
      return lines
    }
    if (this.#after > 0) {
      this.#after--
      return [{ entry, apart: false }]
    }
    this.filtered++
    this.#before.push(entry)
    if (this.#before.length > (this.#around ?? 0)) {
      this.#before.shift()
      this.#left = this.#shown && this.#around !== undefined
    }
    return []
  }
}
