import { severityOfName } from '../fields/severity.js'
import { epochToUnixNano, isoToUnixNano } from './time.js'

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const iso = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?`
/** asctime's and Apache's: `Sat Nov 21 03:44:00.123456 2026`, with a zone or without. */
const asctime = String.raw`[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: (?:UTC|GMT|[+-]\d{4}))? \d{4}`
/** log4j's and Tomcat's: `21 Nov 2026 03:44:00,123`, `21-Nov-2026 03:44:00.123`. */
const dayFirst = String.raw`\d\d[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?`
const epoch = String.raw`\d{10}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?`
/** A level may stand first. */
const led = new RegExp(String.raw`^(\[?([A-Za-z]{3,9})\]?[: |]\s*)?\[?(${iso}|${asctime}|${dayFirst}|${epoch})\]?:?(?:\s+|$)`)

/** The time in front of a text, how much of the text it is, and the level before it, if there is one. */
export function leadingTime(text: string): { timeUnixNano: bigint; length: number; level: string } | undefined {
  const [all, level = '', word, time] = led.exec(text) ?? []
  if (all === undefined || time === undefined) return undefined
  if (word !== undefined && severityOfName(word) === undefined) return undefined
  const timeUnixNano = writtenTime(time)
  return timeUnixNano === undefined ? undefined : { timeUnixNano, length: all.length, level }
}

/** The time of an access log in Common Log Format and those like it: `[21/Nov/2026:03:44:00 +0000]`. */
export function loggedTime(text: string): bigint | undefined {
  const found = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d(?:\.\d{1,9})?) ([+-]\d{4})\]/.exec(text)
  if (found === null) return undefined
  const [, day = '', month = '', year = '', time = '', zone = ''] = found
  return fromParts(year, month, day, time, zone)
}

/** The time of a syslog line, which has no year in the old form: the latest such day that is not after tomorrow. */
export function syslogTime(text: string, now = Date.now()): bigint | undefined {
  const [, month, day = '', time = ''] = /^([A-Z][a-z]{2}) ([ \d]\d) (\S+)$/.exec(text) ?? []
  if (month === undefined) return isoToUnixNano(text)
  const year = new Date(now).getUTCFullYear()
  const latest = BigInt(now + 86_400_000) * 1_000_000n
  for (const y of [year + 1, year, year - 1]) {
    const at = fromParts(String(y), month, day, time, 'Z')
    if (at !== undefined && at <= latest) return at
  }
  return undefined
}

function writtenTime(text: string): bigint | undefined {
  if (/^\d{10}/.test(text)) return epochToUnixNano(text)
  if (/^\d{4}/.test(text)) return isoToUnixNano(text.replaceAll('/', '-'))
  const parts = text.split(/[ -]+/)
  if (/^\d/.test(text)) return fromParts(parts[2], parts[1], parts[0], parts[3], 'Z')
  const zone = parts.length === 6 && /^[+-]/.test(parts[4] ?? '') ? parts[4] : 'Z'
  return fromParts(parts.at(-1), parts[1], parts[2], parts[3], zone)
}

function fromParts(year = '', month = '', day = '', time = '', zone = 'Z'): bigint | undefined {
  const index = months.indexOf(month.toLowerCase())
  if (index < 0) return undefined
  return isoToUnixNano(`${year}-${String(index + 1).padStart(2, '0')}-${day.trim().padStart(2, '0')}T${time}${zone}`)
}
