import { isNameOfItem, isValueOfItem } from './items.js'
import type { Verdict } from './keys.js'
import { isOfPairs, isOption, longestItemName } from './pairs.js'
import type { TextRule } from './text-rules.js'
import { looksSecret } from './words.js'

/** What is known of names and texts. */
export interface JsonRules {
  verdict(key: string): Verdict
  /** Whether no name of the line hides anything, where that is easily told. */
  areNamesHarmless(json: string): boolean
  /** The rules that may hide something of a text of the line. */
  possibleIn(json: string): readonly TextRule[]
  /** @param among - @defaultValue all */
  text(text: string, among?: readonly TextRule[]): string
  readonly replacement: string
  readonly maxDepth: number
}

/** Of a member at the top of a line, its value as it stands there: whether it stays as it is, whatever the rules say. */
export type Leave = (name: string, json: string) => boolean

/**
 * A line of JSON without what the rules hide. Rewritten in place instead of parsed: a name that comes twice is looked at twice, and what is not
 * hidden stays byte for byte, numbers that no double holds as well. What is no JSON, as a whole or from some point on, is a text.
 */
export function redactJson(json: string, rules: JsonRules, leave?: Leave): string {
  // Not even a text, where somebody has replaced what makes lines.
  if (typeof json !== 'string') return json
  if (json.charCodeAt(0) !== openObject) return rules.text(json)
  const possible = rules.possibleIn(json)
  if (possible.length === 0 && rules.areNamesHarmless(json)) return json
  /** Of each array or object that is open, the name that it stands under, and the place of the item that is next; in an object -1. */
  const names: string[] = []
  const places: number[] = []
  /** Where each begins, and as soon as that is asked for, how it is called as an item; null: by no name that is ruled. */
  const begins: number[] = []
  const calls: (string | null | undefined)[] = []
  let shown = ''
  /** Up to where the line is in `shown`. */
  let copied = 0
  let key = ''
  let isKeyNext = false
  let inList = false
  /** Where the text stands that is the item before; 0, where that is none. */
  let beforeFrom = 0
  let beforeEnd = 0
  let at = 0

  for (;;) {
    const from = tokenStart(json, at)
    const first = json.charCodeAt(from)
    const end = tokenEnd(json, from)
    // The line broke off.
    if (end < 0) {
      if (
        first === quote &&
        !isKeyNext &&
        isHidden(nameOf(from, json.length, false), first, () => textOf(`${json.slice(from)}"`, 0, json.length - from + 1))
      ) {
        at = json.length
        replace(key, from, rules.replacement)
      }
      break
    }
    at = end
    if (first === colon) continue
    if (first === comma) {
      isKeyNext = !inList
      if (inList) (places[places.length - 1] as number)++
    } else if (first === closeObject || first === closeArray) {
      names.pop()
      places.pop()
      begins.pop()
      calls.pop()
      beforeFrom = 0
      // Behind the object stands the line's end.
      if (names.length === 0) break
      inList = (places.at(-1) as number) >= 0
    } else if (first === quote && isKeyNext) {
      key = textOf(json, from, at)
      isKeyNext = false
      if (possible.length > 0) look(key, from)
    } else {
      const opens = first === openObject || first === openArray
      const name = nameOf(from, at, opens)
      beforeFrom = inList && first === quote ? from : 0
      beforeEnd = at
      const verdict = rules.verdict(name)
      if (verdict === 'allowed') {
        if (opens) at = behind(json, at)
      } else if (isHidden(name, first, () => textOf(json, from, at)) || (opens && names.length >= rules.maxDepth)) {
        if (opens) at = behind(json, at)
        if (!json.startsWith('null', from)) replace(name, from, rules.replacement)
      } else if (opens) {
        names.push(name)
        inList = first === openArray
        places.push(inList ? 0 : -1)
        begins.push(at)
        calls.push(undefined)
        isKeyNext = !inList
      } else if (first === quote || first === minus || (first >= zero && first <= nine)) {
        if (possible.length > 0) look(textOf(json, from, at), from, name)
      } else if (!isLiteral(json.slice(from, at))) {
        at = from
        break
      }
    }
  }
  const rest = json.slice(at)
  // By far the most lines end with a line break.
  const redacted = rest.length < 2 ? rest : rules.text(rest)
  return copied === 0 && redacted === rest ? json : shown + json.slice(copied, at) + redacted

  function isHidden(name: string, first: number, said: () => string): boolean {
    const verdict = rules.verdict(name)
    return verdict === 'hidden' || (verdict === 'doubtful' && first === quote && looksSecret(said()))
  }

  function nameOf(from: number, end: number, opens: boolean): string {
    if (inList) return itemName(from, end, opens)
    return isValueOfItem(key) ? (calledName() ?? key) : key
  }

  /** Of the object that is open. */
  function calledName(): string | null {
    const last = names.length - 1
    let called = calls[last]
    // Once, or it would be gone through for each of its values.
    if (called === undefined) calls[last] = called = calledIn(json, begins[last] as number, (name) => rules.verdict(name) !== undefined)
    return called
  }

  /** Of a list's items the list's own name counts, or that which stands before it. */
  function itemName(from: number, end: number, opens: boolean): string {
    const listName = names[names.length - 1] as string
    const place = places[places.length - 1] as number
    if (beforeFrom === 0) return listName
    if (
      isOption(json.slice(beforeFrom + 1, beforeFrom + 3)) &&
      json.charCodeAt(from) === quote &&
      !isOption(json.slice(from + 1, from + 3))
    ) {
      return textOf(json, beforeFrom, beforeEnd)
    }
    if (place % 2 === 0) return listName
    const isTwo = place === 1 && isLast(json, opens ? behind(json, end) : end)
    const name = isOfPairs(listName, isTwo) ? textOf(json, beforeFrom, beforeEnd) : listName
    return name.length <= longestItemName ? name : listName
  }

  function look(said: string, from: number, name?: string): void {
    const left = rules.text(said, possible)
    if (left !== said) replace(name, from, left)
  }

  /** @param name - of the value that is replaced; of a name `undefined` */
  function replace(name: string | undefined, from: number, by: string): void {
    if (name !== undefined && names.length === 1 && leave?.(name, json.slice(from, at)) === true) return
    shown += json.slice(copied, from) + JSON.stringify(by)
    copied = at
  }
}

/**
 * How the object is called as an item, whose members begin there: `"name":"cookie"`.
 *
 * @returns null, where it has no name that is ruled
 */
function calledIn(json: string, from: number, isRuled: (name: string) => boolean): string | null {
  let key: string | undefined
  let isKeyNext = true
  for (let at = from; ; ) {
    const start = tokenStart(json, at)
    const end = tokenEnd(json, start)
    const first = json.charCodeAt(start)
    if (end < 0 || first === closeObject) return null
    at = end
    if (first === comma) isKeyNext = true
    else if (first === openObject || first === openArray) at = behind(json, end)
    else if (first === quote && isKeyNext) {
      key = textOf(json, start, end)
      isKeyNext = false
    } else if (first === quote && key !== undefined && isNameOfItem(key)) {
      const said = textOf(json, start, end)
      if (said.length <= longestItemName && isRuled(said)) return said
    }
  }
}

const [quote, backslash, comma, colon, minus, zero, nine] = codes('"\\,:-09')
const [openObject, closeObject, openArray, closeArray] = codes('{}[]')

function codes(text: string): [number, number, number, number, number, number, number] {
  return Array.from(text, (character) => character.charCodeAt(0)) as ReturnType<typeof codes>
}

/** Whether the list ends behind an item, or the line does, which was cut. */
function isLast(json: string, end: number): boolean {
  const next = tokenStart(json, end)
  return next >= json.length || json.charCodeAt(next) === closeArray
}

/** Behind what JSON takes for space, and other controls. */
function tokenStart(json: string, from: number): number {
  let at = from
  while (json.charCodeAt(at) <= 0x20) at++
  return at
}

function isLiteral(word: string): boolean {
  return word === 'null' || word === 'true' || word === 'false'
}

/** What ends a word and is a token of its own. */
function isMark(code: number): boolean {
  return code === comma || code === colon || code === openObject || code === closeObject || code === openArray || code === closeArray
}

/**
 * Where a token ends: a bracket, a comma, a colon, a quoted text, or a word.
 *
 * @returns -1 at the end, and for a text that is not closed
 */
function tokenEnd(json: string, from: number): number {
  const first = json.charCodeAt(from)
  if (first === quote) {
    for (let at = json.indexOf('"', from + 1); at >= 0; at = json.indexOf('"', at + 1)) {
      let before = at
      while (json.charCodeAt(before - 1) === backslash) before--
      if ((at - before) % 2 === 0) return at + 1
    }
    return -1
  }
  if (isMark(first)) return from + 1
  let at = from
  while (at < json.length) {
    const code = json.charCodeAt(at)
    if (code <= 0x20 || (code === quote && at > from) || isMark(code)) break
    at++
  }
  return at === from ? -1 : at
}

/** What a quoted text says, or a word. */
function textOf(json: string, from: number, end: number): string {
  if (json.charCodeAt(from) !== quote) return json.slice(from, end)
  const raw = json.slice(from + 1, end - 1)
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(json.slice(from, end)) as string
  } catch {
    // A control character, or an escape that JSON does not know.
    return raw
  }
}

/** Behind the bracket that closes the one just read; the end, where there is none. */
function behind(json: string, from: number): number {
  let at = from
  for (let depth = 1; depth > 0; ) {
    const start = tokenStart(json, at)
    const first = json.charCodeAt(start)
    at = tokenEnd(json, start)
    if (at < 0) return json.length
    if (first === openObject || first === openArray) depth++
    else if (first === closeObject || first === closeArray) depth--
  }
  return at
}
