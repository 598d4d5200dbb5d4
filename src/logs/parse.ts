import { isoToUnixNano } from './time.js'

/** What the text of a line gives by itself. */
export interface ParsedLine {
  /** Empty where the line is no JSON object and no logfmt. */
  fields: Record<string, unknown>
  /** What stands in a line that is not structured, without its leading time. */
  text?: string
  /** The time in front of a text line. */
  timeUnixNano?: bigint
  /** It began as a JSON object and is none. */
  broken: boolean
}

/** Reads a line as a JSON object, as logfmt, or as text; and what a container runtime wrapped, by what is inside. */
export function parseLine(line: string): ParsedLine {
  return parse(line, true)
}

/** @param wrapped - whether a runtime's wrapper may stand around it: once, or a line made of wrappers alone would exhaust the stack */
function parse(line: string, wrapped: boolean): ParsedLine {
  const trimmed = line.trim()
  if (trimmed.startsWith('{')) {
    const fields = parseObject(trimmed)
    if (fields === undefined) return { fields: {}, text: trimmed, broken: true }
    return (wrapped ? unwrapDocker(fields) : undefined) ?? { fields, broken: false }
  }
  // containerd and CRI-O: `2026-11-21T03:44:00.123456789Z stdout F <line>`
  const [prefix, cri] = (wrapped && /^(\S+) std(?:out|err) [FP] /.exec(trimmed)) || []
  if (prefix !== undefined && cri !== undefined) return inside(trimmed.slice(prefix.length), isoToUnixNano(cri))
  // docker compose: `orders-1  | {…}`
  const [name] = (wrapped && /^[\w.-]{1,100} {1,100}\| *(?=\{)/.exec(trimmed)) || []
  if (name !== undefined) return inside(trimmed.slice(name.length), undefined)
  if (/^[^\s="]+=/.test(trimmed)) return { fields: parseLogfmt(trimmed), broken: false }
  return parseText(trimmed)
}

/** Docker's json-file: `{"log":"<line>\n","stream":"stdout","time":"…"}`. */
function unwrapDocker(fields: Record<string, unknown>): ParsedLine | undefined {
  const { log, stream, time } = fields
  if (typeof log !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined
  return inside(log, typeof time === 'string' ? isoToUnixNano(time) : undefined)
}

function inside(line: string, timeUnixNano: bigint | undefined): ParsedLine {
  const parsed = parse(line, false)
  return timeUnixNano === undefined ? parsed : { timeUnixNano, ...parsed }
}

const leadingTime = /^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?)\]?:?\s+/i

function parseText(text: string): ParsedLine {
  const [prefix, time] = leadingTime.exec(text) ?? []
  const timeUnixNano = time === undefined ? undefined : isoToUnixNano(time)
  if (prefix === undefined || timeUnixNano === undefined) return { fields: {}, text, broken: false }
  return { fields: {}, text: text.slice(prefix.length), timeUnixNano, broken: false }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(keepDigits(text)) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** With what stands before a number: without it the digits of every ID would be looked at. True of a text inside, too. */
const mayHoldLongNumber = /[:,[\s-]\d[\d.]{15}/
const longNumber = /-?\d[\d.]{15,}(?:[eE][+-]?\d+)?/g

/** Puts numbers that a double cannot hold (nanoseconds, Datadog's IDs) into quotes, so that they stay what they are. */
function keepDigits(json: string): string {
  if (!mayHoldLongNumber.test(json)) return json
  let kept = ''
  for (let at = 0; at < json.length; ) {
    const opens = json.indexOf('"', at)
    const outside = json.slice(at, opens < 0 ? json.length : opens)
    kept += outside.length < 16 ? outside : outside.replace(longNumber, quoteInexact)
    if (opens < 0) break
    at = endOfString(json, opens) ?? json.length
    kept += json.slice(opens, at)
  }
  return kept
}

function quoteInexact(number: string): string {
  return String(Number(number)) === number ? number : `"${number}"`
}

/** The position after the quote that closes a string. */
function endOfString(json: string, opens: number): number | undefined {
  for (let closes = json.indexOf('"', opens + 1); closes >= 0; closes = json.indexOf('"', closes + 1)) {
    let backslashes = 0
    while (json.charCodeAt(closes - 1 - backslashes) === 92) backslashes++
    if (backslashes % 2 === 0) return closes + 1
  }
  return undefined
}

/** `key=value key="quoted \"value\"" flag`; a flag is `true`. Of a repeated key the first counts. */
export function parseLogfmt(text: string): Record<string, unknown> {
  const pairs = new Map<string, unknown>()
  const token = /([^\s="]+)(?:(=)("|[^\s"]*))?/g
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [, key = '', equals, bare] = found
    let value: unknown = equals === undefined ? true : bare
    if (bare === '"') {
      const opens = token.lastIndex - 1
      // A quote that nothing closes stands for itself; what follows may still be pairs.
      token.lastIndex = endOfString(text, opens) ?? token.lastIndex
      value = unquote(text.slice(opens, token.lastIndex))
    }
    if (!pairs.has(key)) pairs.set(key, value)
  }
  // Not by assignment: a key may be named `__proto__`.
  return Object.fromEntries(pairs)
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted.slice(1, -1)
  }
}
