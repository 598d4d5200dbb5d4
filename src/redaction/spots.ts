/*
 * Where things begin and end in a text, be it JSON as often as it was written into JSON, or what `util.inspect` and SQL write.
 */

const [backslash, doubleQuote, quote, backtick] = Array.from('\\"\'`', (character) => character.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
]

export function isQuote(code: number): boolean {
  return code === doubleQuote || code === quote || code === backtick
}

/** Where the text that begins at a quote ends: before the backslashes of its last quote; at the end, where it was cut. */
export function closing(text: string, open: number, level: number): number {
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

/** Behind the bracket that closes the one there; the end, where it was cut. */
export function behindBracket(text: string, from: number, level: number, quotes: string): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at)
    if (quotes.includes(character)) {
      const backslashes = at - beforeEscape(text, at, from)
      if (backslashes < level) return at - backslashes
      at = closing(text, at, level) + level
    } else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
  return text.length
}

export function behindEscape(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === backslash) at++
  return at
}

export function beforeEscape(text: string, at: number, from = 0): number {
  let before = at
  while (before > from && text.charCodeAt(before - 1) === backslash) before--
  return before
}

export function behindSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text, at)) at++
  return at
}

export function beforeSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text, at - 1)) at--
  return at
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

/** Where a match of a sticky expression that begins there ends; where it begins, if there is none. */
export function endOf(expression: RegExp, text: string, from: number): number {
  expression.lastIndex = from
  return expression.test(text) ? expression.lastIndex : from
}
