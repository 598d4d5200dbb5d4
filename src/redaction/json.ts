/** What is known of names and texts. */
export interface JsonRules {
  isHidden(key: string): boolean
  isAllowed(key: string): boolean
  text(text: string): string
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
  if (!json.startsWith('{')) return rules.text(json)
  const scan = new Scan(json)
  const hidden = JSON.stringify(rules.replacement)
  /** Each array or object that is open, by the name that it stands under. */
  const open: { isObject: boolean; name: string }[] = []
  let shown = ''
  /** Up to where the line is in `shown`. */
  let copied = 0
  let key = ''
  let isKeyNext = false

  while (scan.next()) {
    const { from, first } = scan
    if (first === comma) isKeyNext = open.at(-1)?.isObject === true
    else if (first === closeObject || first === closeArray) {
      open.pop()
      // Behind the object stands the line's end.
      if (open.length === 0) return shown + json.slice(copied, scan.at) + rules.text(json.slice(scan.at))
    } else if (first === quote && isKeyNext) {
      key = scan.text()
      isKeyNext = false
    } else if (first !== colon) value(from, first)
  }
  // No token begins here, or the line broke off.
  return shown + json.slice(copied, scan.at) + rules.text(json.slice(scan.at))

  function value(from: number, first: number): void {
    const around = open.at(-1)
    // Of a list's items its own name counts.
    const name = around === undefined || around.isObject ? key : around.name
    const opens = first === openObject || first === openArray
    if (rules.isAllowed(name)) {
      if (opens) scan.skip()
    } else if (rules.isHidden(name) || (opens && open.length >= rules.maxDepth)) {
      if (opens) scan.skip()
      if (!json.startsWith('null', from)) replace(name, from, hidden)
    } else if (opens) {
      open.push({ isObject: first === openObject, name })
      isKeyNext = first === openObject
    } else if (first === quote || first === minus || (first >= zero && first <= nine)) {
      const plain = scan.text()
      const redacted = rules.text(plain)
      if (redacted !== plain) replace(name, from, JSON.stringify(redacted))
    }
  }

  function replace(name: string, from: number, by: string): void {
    if (open.length === 1 && leave?.(name, json.slice(from, scan.at)) === true) return
    shown += json.slice(copied, from) + by
    copied = scan.at
  }
}

const [quote, backslash, comma, colon, minus, zero, nine] = codes('"\\,:-09')
const [openObject, closeObject, openArray, closeArray] = codes('{}[]')

function codes(text: string): [number, number, number, number, number, number, number] {
  return Array.from(text, (character) => character.charCodeAt(0)) as ReturnType<typeof codes>
}

/** Goes from token to token: a bracket, a comma, a colon, a quoted text, or a word. */
class Scan {
  /** Where the token begins, and its first character. */
  from = 0
  first = 0
  /** Behind it. */
  at = 0

  constructor(private readonly json: string) {}

  /** @returns `false` at the end, and before a text that is not closed */
  next(): boolean {
    const { json } = this
    let at = this.at
    // What JSON takes for space, and other controls.
    while (json.charCodeAt(at) <= 0x20) at++
    if (at >= json.length) return false
    const first = json.charCodeAt(at)
    const end = first === quote ? closing(json, at) : isMark(first) ? at + 1 : wordEnd(json, at)
    if (end < 0) return false
    this.from = at
    this.first = first
    this.at = end
    return true
  }

  /** What a quoted text says, or a word. */
  text(): string {
    const { json, from, at, first } = this
    if (first !== quote) return json.slice(from, at)
    const raw = json.slice(from + 1, at - 1)
    if (!raw.includes('\\')) return raw
    try {
      return JSON.parse(json.slice(from, at)) as string
    } catch {
      // A control character, or an escape that JSON does not know.
      return raw
    }
  }

  /** To behind the bracket that closes the one just read; to the end, where there is none. */
  skip(): void {
    for (let depth = 1; depth > 0; ) {
      if (!this.next()) {
        this.at = this.json.length
        return
      }
      if (this.first === openObject || this.first === openArray) depth++
      else if (this.first === closeObject || this.first === closeArray) depth--
    }
  }
}

function isMark(code: number): boolean {
  return code === comma || code === colon || code === openObject || code === closeObject || code === openArray || code === closeArray
}

function closing(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let before = at
    while (json.charCodeAt(before - 1) === backslash) before--
    if ((at - before) % 2 === 0) return at + 1
  }
  return -1
}

function wordEnd(json: string, from: number): number {
  let at = from + 1
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code <= 0x20 || code === quote || isMark(code)) break
  }
  return at
}
