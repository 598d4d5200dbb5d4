import type { Verdict } from './keys.js'

/** What a text says under names. */
export interface NamedRules {
  readonly verdict: (key: string) => Verdict
  readonly replacement: string
}

/** Whether a line of JSON may hold a text with a name and its value, where no escape stands for either. */
export function mayNameInTexts(json: string, { verdict }: NamedRules): boolean {
  for (let at = json.indexOf('='); at >= 0; at = json.indexOf('=', at + 1)) {
    let end = beforeSpace(json, at)
    // Spaces may be escapes, and the letter of one may stand before the name: `\ncookie\t= 'x'`.
    while (json.charCodeAt(end - 2) === backslash && escapedSpaces.has(json.charAt(end - 1))) end = beforeSpace(json, end - 2)
    // What stands in quotes may hold escapes itself.
    if (isQuote(json.charCodeAt(end - 1))) return true
    const name = nameBefore(json, at, end)
    if (name !== undefined && (verdict(name) !== undefined || verdict(name.slice(1)) !== undefined)) return true
  }
  return (json.includes('\\"') || json.includes("'") || json.includes('`')) && besideColon.test(json)
}

const escapedSpaces = new Set('fnrt')
const besideColon = /(?:\\"|['`])(?:\s|\\[fnrt]){0,256}:|:(?:\s|\\[fnrt]){0,256}(?:\\{1,256}"|(?:\\{0,256}|[benrux]|u&)['`])/i

/**
 * A text without the values of names that are to be hidden: members of JSON, also where it stands in JSON itself, as often as it is escaped,
 * and where it was cut; what `util.inspect` and SQL write (`password: 'x'`, `password = 'x'`, `'password' => 'x'`); parameters of URLs,
 * forms, cookies and connection strings (`password=x`). Each character is gone through at most once for each of these.
 *
 *   {"body":"{\"user\":{\"password\":\"x\"}}"}
 *                      name ^     ^ separator; the value ends at a quote with as many backslashes as its first
 */
export function hideNamed(text: string, { verdict, replacement }: NamedRules): string {
  if (!text.includes('=') && !text.includes(':')) return text
  let shown = ''
  let copied = 0
  separator.lastIndex = 0
  for (let found = separator.exec(text); found !== null; found = separator.exec(text)) {
    const at = found.index
    const behind = separator.lastIndex
    const from = endOf(prefix, text, behindSpace(text, behind))
    const read = readerOf(text, at, behind, from)
    if (read === undefined) continue
    const name = nameBefore(text, at)
    const known = name === undefined ? undefined : verdict(name)
    if (known === undefined) continue
    const { start, end, written } = read(text, from, replacement)
    separator.lastIndex = end
    if (known === 'allowed') continue
    shown += text.slice(copied, start) + written
    copied = end
  }
  return copied === 0 ? text : shown + text.slice(copied)
}

/** Where a value stands, and what stands there when it is hidden. */
interface Value {
  readonly start: number
  readonly end: number
  readonly written: string
}

/** Called for values that are to be hidden or passed over only: else what stands in many brackets would be gone through as often. */
type Reader = (text: string, from: number, replacement: string) => Value

// Code compares: `token === undefined`.
const separator = /=+>?|:/g
// What SQL and Python have before the quote of a literal.
const prefix = /(?:[benrux]|u&)(?=')/iy
const [equal, colon, backslash, doubleQuote, quote, backtick, openObject, openArray, minus, zero, nine, t, f] = Array.from(
  '=:\\"\'`{[-09tf',
  (character) => character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number, number, number, number, number]
// `null` says nothing.
const literal = /-?\d[\d.eE+-]*|true\b|false\b/y
// A scheme goes with what it is for; a place for a parameter of SQL holds nothing, and neither does a word for nothing.
const word =
  /(?!(?:\?|\$\d{1,5}|none|nil|null|undefined)(?:[\s&;"'`<>#,)}\]]|$))(?:(?:bearer|basic|digest|token)\s{1,3})?[^\s&;"'`<>#]*[^\s&;"'`<>#,]/iy
const longestName = 200

function readerOf(text: string, at: number, behind: number, from: number): Reader | undefined {
  const first = text.charCodeAt(from)
  if (isQuote(first)) return quoted
  if (first === backslash) return isQuote(text.charCodeAt(behindEscape(text, from))) ? quoted : undefined
  if (text.charCodeAt(at) !== colon) return from === behind && text.charCodeAt(behind - 1) === equal ? plain : undefined
  const mayBegin =
    first === openObject || first === openArray || first === minus || (first >= zero && first <= nine) || first === t || first === f
  return mayBegin && text.charCodeAt(beforeSpace(text, at) - 1) === doubleQuote ? member : undefined
}

function isQuote(code: number): boolean {
  return code === doubleQuote || code === quote || code === backtick
}

/** What is no text, in JSON. */
function member(text: string, start: number, replacement: string): Value {
  const close = text.lastIndexOf('"', start)
  const level = close - beforeEscape(text, close)
  const first = text.charCodeAt(start)
  const end = first === openObject || first === openArray ? behindBracket(text, start, level) : endOf(literal, text, start)
  const mark = `${'\\'.repeat(level)}"`
  const said = text.slice(start, end)
  return { start, end, written: said === '' || said === replacement ? said : mark + escaped(replacement, level) + mark }
}

/** A text between quotes, each behind so many backslashes. */
function quoted(text: string, from: number, replacement: string): Value {
  const open = behindEscape(text, from)
  return { start: open + 1, end: closing(text, open, open - from), written: escaped(replacement, open - from) }
}

/** What is written without quotes. */
function plain(text: string, start: number, replacement: string): Value {
  // What was hidden already may hold what ends a word.
  let end = endOf(word, text, text.startsWith(replacement, start) ? start + replacement.length : start)
  if (text.charCodeAt(end) === doubleQuote) end = beforeEscape(text, end, start)
  return { start, end, written: end === start ? '' : replacement }
}

/** Where the text that begins at a quote ends: before the backslashes of its last quote; at the end, where it was cut. */
function closing(text: string, open: number, level: number): number {
  const mark = text.charAt(open)
  for (let at = text.indexOf(mark, open + 1); at >= 0; at = text.indexOf(mark, at + 1)) {
    const before = beforeEscape(text, at, open + 1)
    const backslashes = at - before
    // With fewer it is the end of what the text stands in.
    if (backslashes < level) return before
    if (backslashes % (2 * (level + 1)) !== level) continue
    // SQL doubles a quote that is none.
    if (mark === "'" && level === 0 && text.charAt(at + 1) === mark) at++
    else return at - level
  }
  return text.length
}

function behindEscape(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === backslash) at++
  return at
}

function beforeEscape(text: string, at: number, from = 0): number {
  let before = at
  while (before > from && text.charCodeAt(before - 1) === backslash) before--
  return before
}

/** As JSON writes it in a text with so many backslashes before its quotes. */
function escaped(text: string, level: number): string {
  let written = JSON.stringify(text).slice(1, -1)
  for (let left = level; left > 0; left >>= 1) written = JSON.stringify(written).slice(1, -1)
  return written
}

function behindBracket(text: string, from: number, level: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') {
      const backslashes = at - beforeEscape(text, at, from)
      if (backslashes < level) return at - backslashes
      at = closing(text, at, level) + level
    } else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
  return text.length
}

/** Where a match that begins there ends; where it begins, if there is none. */
function endOf(expression: RegExp, text: string, from: number): number {
  expression.lastIndex = from
  return expression.test(text) ? expression.lastIndex : from
}

function behindSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text, at)) at++
  return at
}

function beforeSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text, at - 1)) at--
  return at
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

/** The name before a separator: in quotes, or a word. */
function nameBefore(text: string, at: number, behindName = beforeSpace(text, at)): string | undefined {
  let end = behindName
  // `user['password'] = 'x'`
  if (text.charCodeAt(at) === equal && text.charAt(end - 1) === ']' && isQuote(text.charCodeAt(end - 2))) end--
  if (isQuote(text.charCodeAt(end - 1))) {
    const mark = text.charAt(end - 1)
    end = beforeEscape(text, end - 1)
    const open = end === 0 ? -1 : text.lastIndexOf(mark, end - 1)
    return open < 0 || end - open > longestName ? undefined : text.slice(open + 1, end)
  }
  // `[Symbol(password)]: 'x'`, `user[password]=x`
  while (text.charAt(end - 1) === ')' || text.charAt(end - 1) === ']') end--
  let start = end
  while (start > 0 && end - start < longestName && isWord(text.charCodeAt(start - 1))) start--
  if (start === end) return undefined
  if (text.charCodeAt(at) === colon && !isMember(text, start)) return undefined
  const name = text.slice(start, end)
  return name.includes('%') ? name.replace(/%5d/gi, '').replace(/%5b/gi, '.') : name
}

/** Whether it is no word of a sentence: `Unexpected token: "}"`. */
function isMember(text: string, start: number): boolean {
  let before = start
  while (text.charAt(before - 1) === ' ') before--
  return before === 0 || '{[(,:\n'.includes(text.charAt(before - 1))
}

/** Letters, digits, and `$%-._`. */
function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    (code >= 0x2d && code <= 0x2e) ||
    (code >= 0x24 && code <= 0x25) ||
    code > 0x7f
  )
}
