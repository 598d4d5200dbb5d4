import { beforeEscape, behindBracket, behindEscape, closing, endOf } from './spots.js'
import { isCode, isWord } from './words.js'

/** Where a value stands, and what stands there when it is hidden. */
export interface Value {
  readonly start: number
  readonly end: number
  readonly written: string
}

/**
 * Reads what begins there; `undefined` where that is no value. Called for values that are to be hidden or passed over only: else what stands in
 * many brackets would be gone through as often.
 */
export type Reader = (text: string, from: number, replacement: string, name: string) => Value | undefined

const [openObject, openArray] = [0x7b, 0x5b]
// `null` says nothing.
const literal = /-?\d[\d.eE+-]*|true\b|false\b/y
// A scheme goes with what it is for; a place for a parameter of SQL holds nothing, and neither does a word for nothing.
const word =
  /(?!(?:\?|\$\d{1,5}|none|nil|null|undefined)(?:[\s&;"'`<>#,)}\]]|$))(?:(?:bearer|basic|digest|token)\s{1,3})?[^\s&;"'`<>#]*[^\s&;"'`<>#,]/iy

/** What is no text, in JSON. */
export function member(text: string, start: number, replacement: string): Value {
  const close = text.lastIndexOf('"', start)
  const level = close - beforeEscape(text, close)
  const first = text.charCodeAt(start)
  const opens = first === openObject || first === openArray
  const end = opens ? behindBracket(text, start, level, '"') : endOf(literal, text, start)
  const mark = `${'\\'.repeat(level)}"`
  const said = text.slice(start, end)
  return { start, end, written: said === '' || said === replacement ? said : mark + escaped(replacement, level) + mark }
}

/** A list or an object, as `util.inspect` shows it. */
export function inspected(text: string, start: number, replacement: string): Value | undefined {
  return text.startsWith(replacement, start)
    ? undefined
    : { start, end: behindBracket(text, start, 0, '"\'`'), written: `'${replacement}'` }
}

/** A text between quotes, each behind so many backslashes. */
export function quoted(text: string, from: number, replacement: string): Value {
  const open = behindEscape(text, from)
  return { start: open + 1, end: closing(text, open, open - from), written: escaped(replacement, open - from) }
}

/** What is written without quotes. */
export function plain(text: string, start: number, replacement: string): Value {
  // What was hidden already may hold what ends a word.
  let end = endOf(word, text, text.startsWith(replacement, start) ? start + replacement.length : start)
  if (text.charCodeAt(end) === 0x22) end = beforeEscape(text, end, start)
  return { start, end, written: end === start ? '' : replacement }
}

/** In a URL that is a parameter of another one. */
export function encoded(text: string, start: number, replacement: string): Value {
  const end = endOf(/(?:(?!%26)[^\s&;"'`<>#,\\])+/y, text, start)
  return { start, end, written: end === start ? '' : replacement }
}

// A line may end where JSON has it end, as often as it was written into JSON.
const restOfLine = /(?:[^\r\n"'`\\]|\\(?!\\*[rn"'`])){1,8192}/y
const cookies = /[^\s=;,"'`]{1,256}=/y
/** Schemes of `Authorization` with what stands behind them: one word, or parameters. */
const schemes: readonly [scheme: RegExp, credentials: RegExp][] = [
  [/(?:basic|bearer|negotiate|ntlm|token|api-?key|sharedkey(?:lite)?|dpop) {1,8}/iy, /[^\s"'`<>\\,]{1,8192}/y],
  [/(?:digest|signature|hmac[\w-]{0,16}|aws4-hmac-sha256|hawk|oauth) {1,8}(?=[\w-]{1,64}=)/iy, /(?:[^\r\n`\\]|\\(?!\\*[rn`])){1,8192}/y],
]
const lastOfLine = /[^\s"'`<>\\[{(](?:[^\s"'`<>\\]|\\(?!\\*[rn"'`])){0,4096}?(?=[)}\],;]{0,8}[^\S\n]{0,64}(?:[\r\n"'`]|$|\\+[rn"'`]))/y
const oneOfMany = /[^\s"'`<>\\,;(){}[\]]{1,4096}(?=[,;)}\]]| [)}\]])/y

/** A header, or a name and its value as in YAML: a word that may go on as a sentence does is none. */
export function line(text: string, from: number, replacement: string, name: string): Value | undefined {
  const [start, end] = behindName(text, from, name)
  const said = text.slice(start, end)
  // What holds what was hidden was looked into, and left.
  return said === '' || (replacement !== '' && said.includes(replacement)) || isWord(said) || isCode(said)
    ? undefined
    : { start, end, written: replacement }
}

function behindName(text: string, from: number, name: string): [start: number, end: number] {
  if (/cookie2?$/i.test(name)) return [from, endOf(cookies, text, from) === from ? from : endOf(restOfLine, text, from)]
  if (/authorization$/i.test(name)) {
    for (const [scheme, credentials] of schemes) {
      const start = endOf(scheme, text, from)
      if (start > from) return [start, endOf(credentials, text, start)]
    }
  }
  const end = endOf(lastOfLine, text, from)
  return [from, end > from ? end : endOf(oneOfMany, text, from)]
}

const argument = /[^\s"'`\\<>,]{1,4096}/y

/** What follows an option of a command. */
export function option(text: string, from: number, replacement: string): Value | undefined {
  const end = endOf(argument, text, from)
  return end === from || text.startsWith(replacement, from) || isWord(text.slice(from, end))
    ? undefined
    : { start: from, end, written: replacement }
}

const endOfPart = /(?:\r?\n|(?:\\+r)?\\+n)--|$/g

/** The part of a form, below its head. */
export function inForm(text: string, start: number, replacement: string): Value {
  endOfPart.lastIndex = start
  const end = endOfPart.exec(text)?.index ?? text.length
  return { start, end, written: end === start ? '' : replacement }
}

const untilTag = /[^<\]]*(?:\](?!\]>)[^<\]]*)*/y

/** What stands in an element that is closed: words in angle brackets may be a place for something (`usage: login <token> <url>`). */
export function inElement(text: string, start: number, replacement: string): Value | undefined {
  const end = endOf(untilTag, text, start)
  const isClosed = text.startsWith('</', end) || text.startsWith(']]>', end)
  return isClosed && text.slice(start, end).trim() !== '' ? { start, end, written: replacement } : undefined
}

/** As JSON writes it in a text with so many backslashes before its quotes. */
function escaped(text: string, level: number): string {
  let written = JSON.stringify(text).slice(1, -1)
  for (let left = level; left > 0; left >>= 1) written = JSON.stringify(written).slice(1, -1)
  return written
}
