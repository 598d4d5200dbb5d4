import { isNameOfItem, isValueOfItem } from './items.js'
import type { Verdict } from './keys.js'
import { longestItemName } from './pairs.js'
import { encoded, inElement, inForm, inspected, line, member, option, plain, quoted, type Reader } from './readers.js'
import { beforeEscape, beforeSpace, behindEscape, behindSpace, endOf, isQuote } from './spots.js'
import { looksSecret } from './words.js'

/** What a text says under names. */
export interface NamedRules {
  readonly verdict: (key: string) => Verdict
  readonly replacement: string
}

/** Whether a line of JSON may hold a text with a name and its value, where no escape stands for either. */
export function mayNameInTexts(json: string, { verdict }: NamedRules): boolean {
  for (let at = json.indexOf('='); at >= 0; at = json.indexOf('=', at + 1)) {
    const end = beforeEscapedSpace(json, at)
    // What stands in quotes may hold escapes itself.
    if (isQuote(json.charCodeAt(wordEnd(json, end) - 1))) return true
    const name = wordBefore(json, end)
    if (name !== '' && (verdict(name) !== undefined || isNameOfItem(name))) return true
  }
  let isEscapeBehind = false
  for (let at = json.indexOf(':'); at >= 0; at = json.indexOf(':', at + 1)) {
    const next = json.charCodeAt(at + 1)
    if (next === backslash) isEscapeBehind = true
    if (next !== space) continue
    const name = wordBefore(json, beforeEscapedSpace(json, at))
    if (name !== '' && verdict(name) !== undefined) return true
  }
  if (json.includes('</')) {
    for (let at = json.indexOf('<'); at >= 0; at = json.indexOf('<', at + 1)) if (isRuled(element, json, at, verdict)) return true
  }
  for (let at = json.indexOf('-'); at >= 0; at = json.indexOf('-', at + 1)) {
    // By far the most stand in IDs and words.
    if (!isOfName(json.charCodeAt(at - 1)) || json.charCodeAt(at - 2) === backslash) if (isRuled(flag, json, at, verdict)) return true
  }
  if (json.includes('%3') && /%3d/i.test(json)) return true
  const hasQuotes = json.includes('\\"') || json.includes("'") || json.includes('`') || isEscapeBehind
  return hasQuotes && besideColon.test(json)
}

function isRuled(form: RegExp, json: string, at: number, verdict: NamedRules['verdict']): boolean {
  const spot = spotOf(form, json, at, option)
  return spot !== undefined && verdict(spot.name) !== undefined
}

const besideColon = /(?:\\"|['`])(?:\s|\\[fnrt]){0,256}:|:(?:\s|\\[fnrt]){0,256}(?:\\{1,256}"|(?:\\{0,256}|[benrux]|u&)['`])|:\\[fnrt]/i

/**
 * A text without the values of names that are to be hidden. Each character is gone through at most once for each of these forms:
 *
 *   {"body":"{\"user\":{\"password\":\"x\"}}"}    JSON, also where it stands in JSON itself, as often as it is escaped, and where it was cut
 *                      name ^     ^ separator; the value ends at a quote with as many backslashes as its first
 *   { password: 'x', token: [ 'x' ] }             what `util.inspect` shows; `password = 'x'` of SQL
 *   ?password=x   a=b; password=x                 parameters of URLs, forms, connection strings
 *   Cookie: a=b   password: x9                    headers, YAML
 *   --password x                                  options of commands
 *   <password>x</password>                        XML
 *   { name: 'password', value: 'x' }              items; parts of a form, each with its value below its name
 */
export function hideNamed(text: string, { verdict, replacement }: NamedRules): string {
  if (!separators.test(text)) return text
  let shown = ''
  let copied = 0
  /** How an item is called whose value has not come yet, and where that is said. */
  let called = ''
  let calledAt = 0
  separator.lastIndex = 0
  for (let found = separator.exec(text); found !== null; found = separator.exec(text)) {
    const spot = spotAt(text, found.index, separator.lastIndex)
    if (spot === undefined) continue
    const { from, read } = spot
    let { name } = spot
    if (called !== '' && isValueOfItem(name)) {
      if (!/[{}]/.test(text.slice(calledAt, found.index))) name = called
      called = ''
    }
    const known = verdict(name)
    if (known === undefined) {
      if (read !== quoted || !isNameOfItem(name)) continue
      const { start, end } = quoted(text, from, replacement)
      if (end - start > longestItemName || verdict(text.slice(start, end)) === undefined) continue
      called = text.slice(start, end)
      calledAt = end
      continue
    }
    const value = read(text, from, replacement, name)
    if (value === undefined) continue
    const { start, end, written } = value
    if (known === 'doubtful' && !looksSecret(text.slice(start, end))) continue
    separator.lastIndex = end
    if (known === 'allowed') continue
    shown += text.slice(copied, start) + written
    copied = end
  }
  return copied === 0 ? text : shown + text.slice(copied)
}

/** A name that stands in a text, where its value begins, and how that is read. */
interface Spot {
  readonly name: string
  readonly from: number
  readonly read: Reader
}

const separators = /[=:]|%3[dD]|<\/|-[A-Za-z]/
// Code compares: `token === undefined`.
const separator = /=+>?|:|%3[dD]|<(?=[A-Za-z])|--?(?=[A-Za-z])/g
const element = /<(?:[\w.-]{1,64}:)?([A-Za-z][\w.-]{0,63})(?:[\s\\][^<>]{0,1024})?>(?:\s{0,64}<!\[CDATA\[)?/y
const flag = /--?([A-Za-z][\w.-]{2,63})(?:\\*["'`],(?:\s|\\[fnrt]){0,8}(?=\\*["'`])| {1,8})(?!-)/y
const formPart =
  /\\*"([^"\\\r\n]{1,100})\\*"[^\r\n\\]{0,256}(?:(?:\r?\n|(?:\\+r)?\\+n)[\w-]{1,64}:[^\r\n\\]{0,256}){0,8}(?:\r?\n|(?:\\+r)?\\+n){2}/y
// What SQL and Python have before the quote of a literal.
const prefix = /(?:[benrux]|u&)(?=')/iy
const [equal, colon, less, dash, percent, space, backslash, doubleQuote] = [0x3d, 0x3a, 0x3c, 0x2d, 0x25, 0x20, 0x5c, 0x22]
const longestName = 200

function spotAt(text: string, at: number, behind: number): Spot | undefined {
  const first = text.charCodeAt(at)
  if (first === less) return /[\w\])]/.test(text.charAt(at - 1)) ? undefined : spotOf(element, text, at, inElement)
  if (first === dash) {
    // Behind a word it is none of an option's.
    if (at > 0 && !/[\s"'`,[(]/.test(text.charAt(at - 1))) return undefined
    const spot = spotOf(flag, text, at, option)
    return spot !== undefined && isQuote(text.charCodeAt(behindEscape(text, spot.from))) ? { ...spot, read: quoted } : spot
  }
  let from = behindSpace(text, behind)
  if (text.charAt(from + 1) === "'" || text.charAt(from + 1) === '&') from = endOf(prefix, text, from)
  const read = first === percent ? encoded : readerOf(text, at, behind, from)
  const name = read && nameBefore(text, at, read === line)
  if (read === undefined || name === undefined) return undefined
  return (first === equal && read === quoted && name === 'name' && spotOf(formPart, text, from, inForm)) || { name, from, read }
}

function spotOf(form: RegExp, text: string, at: number, read: Reader): Spot | undefined {
  form.lastIndex = at
  const [, name] = form.exec(text) ?? []
  return name === undefined ? undefined : { name, from: form.lastIndex, read }
}

function readerOf(text: string, at: number, behind: number, from: number): Reader | undefined {
  const first = text.charCodeAt(from)
  if (isQuote(first)) return quoted
  if (first === backslash) return isQuote(text.charCodeAt(behindEscape(text, from))) ? quoted : undefined
  const isColon = text.charCodeAt(at) === colon
  if (!isColon && text.charCodeAt(behind - 1) === equal) return from === behind ? plain : undefined
  if (isColon && text.charCodeAt(beforeSpace(text, at) - 1) === doubleQuote)
    return /[{[\-\dtf]/.test(text.charAt(from)) ? member : undefined
  // A function has an arrow too: `password => {`.
  if (from === behind || (!isColon && !isQuote(text.charCodeAt(beforeSpace(text, at) - 1)))) return undefined
  return text.charAt(from) === '{' || text.charAt(from) === '[' ? inspected : isColon ? line : undefined
}

/** The name before a separator: in quotes, or a word. */
function nameBefore(text: string, at: number, isLine: boolean): string | undefined {
  let end = beforeSpace(text, at)
  // `user['password'] = 'x'`
  if (text.charCodeAt(at) === equal && text.charAt(end - 1) === ']' && isQuote(text.charCodeAt(end - 2))) end--
  if (isQuote(text.charCodeAt(end - 1))) {
    const mark = text.charAt(end - 1)
    end = beforeEscape(text, end - 1)
    const open = end === 0 ? -1 : text.lastIndexOf(mark, end - 1)
    return open < 0 || end - open > longestName ? undefined : text.slice(open + 1, end)
  }
  const start = wordStart(text, end)
  const name = wordBefore(text, end)
  return name === '' || (text.charCodeAt(at) === colon && !isMember(text, start, isLine)) ? undefined : name
}

function wordBefore(text: string, end: number): string {
  const from = wordStart(text, end)
  const name = text.slice(from, wordEnd(text, end))
  // `user%5Bpassword%5D`, `%3Fnext%3D1%26token`
  return name.includes('%')
    ? name
        .replace(/%5d/gi, '')
        .replace(/%5b/gi, '.')
        .replace(/^.*%[\da-f]{2}/i, '')
    : name
}

/** `[Symbol(password)]: 'x'`, `user[password]=x` */
function wordEnd(text: string, behindName: number): number {
  let end = behindName
  while (text.charAt(end - 1) === ')' || text.charAt(end - 1) === ']') end--
  return end
}

function wordStart(text: string, behindName: number): number {
  const end = wordEnd(text, behindName)
  let start = end
  while (start > 0 && end - start < longestName && isOfName(text.charCodeAt(start - 1))) start--
  // The letter of an escape stands before it: `\ncookie`.
  return text.charCodeAt(start - 1) === backslash && 'fnrt'.includes(text.charAt(start)) ? Math.min(start + 1, end) : start
}

/** In JSON a space may be an escape. */
function beforeEscapedSpace(json: string, at: number): number {
  let end = beforeSpace(json, at)
  while (json.charCodeAt(end - 2) === backslash && 'fnrt'.includes(json.charAt(end - 1))) end = beforeSpace(json, end - 2)
  return end
}

/** Whether it is no word of a sentence: `Unexpected token: "}"`. A header may stand in quotes as a whole. */
function isMember(text: string, start: number, isLine: boolean): boolean {
  if (start === 0 || text.charCodeAt(start - 2) === backslash || (isLine && isQuote(text.charCodeAt(start - 1)))) return true
  let before = start
  while (text.charAt(before - 1) === ' ') before--
  return before === 0 || '{[(,:\n'.includes(text.charAt(before - 1))
}

/** Letters, digits, and `$%-._`. */
function isOfName(code: number): boolean {
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
