import { stripVTControlCharacters } from 'node:util'
import { severityOfName } from '../fields/severity.js'
import { leadingTime, loggedTime, syslogTime } from './log-time.js'
import { endOfString, parseObject } from './parse-json.js'
import { unwrap } from './unwrap.js'

/** What the text of a line gives by itself. */
export interface ParsedLine {
  /** Empty where the line is plain text. */
  fields: Record<string, unknown>
  /** What stands in a line that is not structured, without its leading time. */
  text?: string
  /** The time in front of a text line, or that of the runtime around it. */
  timeUnixNano?: bigint
  /** It began as a JSON object and is none. */
  broken: boolean
  /** What a runtime had wrapped. */
  content?: string
  /** Fields that count where the line has none itself, such as the program's name in syslog. */
  hints?: Record<string, unknown>
}

/** Reads a record as a JSON object, as logfmt, or as text; and what a runtime wrapped, by what is inside. */
export function parseLine(line: string): ParsedLine {
  const trimmed = line.trim()
  const unwrapped = unwrap(trimmed)
  if (unwrapped === undefined) return parse(trimmed)
  const { content, timeUnixNano, hints } = unwrapped
  return around(parse(content.trim()), { timeUnixNano, hints, content })
}

function parse(text: string): ParsedLine {
  // Not what `util.inspect` wrote, whose keys have no quotes.
  if (/^\{\s*(?:["}]|$)/.test(text)) {
    const fields = parseObject(text)
    return fields === undefined ? { fields: {}, text, broken: true } : { fields, broken: false }
  }
  if (/^[^\s="]+=/.test(text)) return { fields: parseLogfmt(text), broken: false }
  return parseSyslog(text) ?? parseText(text)
}

function around(
  inner: ParsedLine,
  outer: { timeUnixNano: bigint | undefined; hints: Record<string, unknown> | undefined; content?: string },
): ParsedLine {
  const { timeUnixNano = inner.timeUnixNano, hints } = outer
  return {
    ...inner,
    // A time that the program wrote goes before its runtime's.
    ...(inner.timeUnixNano === undefined && timeUnixNano !== undefined && { timeUnixNano }),
    ...(hints !== undefined && { hints: { ...hints, ...inner.hints } }),
    ...(outer.content !== undefined && { content: outer.content }),
  }
}

/** RFC 5424: `<165>1 2026-11-21T03:44:00.123Z host app 4711 ID47 [sd a="b"] message`. */
const syslog5424 = /^<(\d{1,3})>\d{1,2} (\S+) \S+ (\S+) \S+ \S+ (-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?(?:\uFEFF)?/
/** RFC 3164, and what rsyslog and journald make of it: `Nov 21 03:44:00 host app[4711]: message`. */
const syslog3164 = /^(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S{8,30}) \S+ ([\w./-]{1,100})(?:\[\d+\])?: /
const syslogSeverities = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug']

function parseSyslog(text: string): ParsedLine | undefined {
  const modern = syslog5424.exec(text)
  const { 0: prefix, 1: priority, 2: time = '', 3: app } = modern ?? syslog3164.exec(text) ?? []
  if (prefix === undefined) return undefined
  const level = priority === undefined ? undefined : syslogSeverities[Number(priority) % 8]
  const data = modern?.[4] === undefined || modern[4] === '-' ? undefined : modern[4]
  const inner = parse(text.slice(prefix.length))
  const hints = { service: app === '-' ? undefined : app, level }
  const parsed = around(inner, { timeUnixNano: syslogTime(time), hints })
  // The data in front of a text may name the trace.
  return data === undefined || parsed.text === undefined || parsed.broken ? parsed : { ...parsed, text: `${data} ${parsed.text}` }
}

function parseText(written: string): ParsedLine {
  const led = leadingTime(written)
  const timeUnixNano = led?.timeUnixNano ?? loggedTime(written)
  const text = led === undefined ? written : led.level + written.slice(led.length)
  const time = timeUnixNano === undefined ? {} : { timeUnixNano }
  const plain = stripVTControlCharacters(text)
  const structured = parseSimple(plain) ?? parsePretty(plain) ?? parseInspected(plain)
  if (structured !== undefined) return { ...time, ...structured, broken: false }
  const level = levelIn(plain.slice(0, 100))
  return { fields: {}, text, ...time, broken: false, ...(level !== undefined && { hints: { level } }) }
}

/** winston's `simple` layout: `level: message {"rest":"as JSON"}`. */
function parseSimple(text: string): Pick<ParsedLine, 'fields' | 'hints'> | undefined {
  if (!text.endsWith('}')) return undefined
  const [, level, msg, object] = /^\[?([A-Za-z]{3,13})\]?: +(.*?) ?(\{".*)$/s.exec(text) ?? []
  if (level === undefined || object === undefined || severityOfName(level) === undefined) return undefined
  const fields = parseObject(object)
  return fields && { fields, hints: { level, msg } }
}

/** What pino-pretty makes of a line: `[time] LEVEL (name/pid on host): message`, and below it a line for each field. */
function parsePretty(text: string): Pick<ParsedLine, 'fields' | 'hints'> | undefined {
  const [, level, process = '', msg] = /^(?:\[[\d:.]{8,12}\] )?([A-Z]{4,6})(?: \(([^()\n]*)\))?: (.*)\n/.exec(text) ?? []
  if (level === undefined || severityOfName(level) === undefined) return undefined
  const fields = [...text.matchAll(/^ {4}([\w.@/-]{1,100}): (.+)$/gm)].flatMap(([, name = '', value = '']): [string, unknown][] => {
    const read = parseObject(`{"value":${value}}`)
    return read === undefined ? [] : [[name, read['value']]]
  })
  const [, service] = /^([^/]+)\/\d+/.exec(process) ?? []
  return fields.length === 0 ? undefined : { fields: Object.fromEntries(fields), hints: { level, msg, service } }
}

/** An object as `util.inspect` writes it, which winston's `prettyPrint` uses: its outermost texts and numbers. */
function parseInspected(text: string): Pick<ParsedLine, 'fields'> | undefined {
  if (!text.startsWith('{\n')) return undefined
  const pairs = text.matchAll(/^ {2}([\w$]+|'[^']*'): (?:'((?:[^'\\]|\\.)*)'|(-?[\d.]+)),?$/gm)
  const fields = [...pairs].map(([, name = '', string, number]) => [name.replaceAll("'", ''), string ?? Number(number)])
  return fields.length === 0 ? undefined : { fields: Object.fromEntries(fields) as Record<string, unknown> }
}

const anyLevel = /^[^a-z0-9]{0,3}([a-z]{3,13})\b|\b([A-Z]{4,8})\b|\[(\w{3,9})\]/gi

function levelIn(text: string): string | undefined {
  for (const [, first, word, bracketed] of text.matchAll(anyLevel)) {
    const name = first ?? (word === word?.toUpperCase() ? word : undefined) ?? bracketed
    if (name !== undefined && severityOfName(name) !== undefined) return name
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
