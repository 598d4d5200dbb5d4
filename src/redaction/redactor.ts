import { refuseUnknownOptions, unexpected } from '../errors.js'
import { harmlessNames } from './harmless.js'
import { isNameOfItem, isValueOfItem } from './items.js'
import { type Leave, redactJson } from './json.js'
import { keyVerdicts, usualKeys } from './keys.js'
import { longestItemName, nameOfItem } from './pairs.js'
import { type PatternName, usualPatterns } from './patterns.js'
import { byNames, byPattern, type TextRule, withoutEscapes } from './text-rules.js'
import { looksSecret } from './words.js'

/** What must not leave the process. What is given replaces what is usual: `keys: [...usualKeys, 'iban']` adds to it. */
export interface RedactionRules {
  /**
   * Names whose values are hidden whole, at any depth: `password` means `password`, `Password`, `user.password` and
   * `http.request.header.password`, since case, `_`, `-` and what stands before the last dot do not count; `*` stands for any text.
   * With a `?` at its end a name hides only texts that look like a secret: `auth?`.
   *
   * @defaultValue `usualKeys`
   */
  keys?: readonly string[]
  /** What is hidden inside of texts: patterns by name, or expressions of your own. @defaultValue `usualPatterns` */
  patterns?: readonly (PatternName | RegExp)[]
  /** Names whose values are left as they are, whatever else says: same form as `keys`. @defaultValue none */
  allow?: readonly string[]
  /** What stands in the place of what is hidden. @defaultValue '[REDACTED]' */
  replacement?: string
}

/** Something that the rules would hide. */
export interface Finding {
  /** Where: `user.cards[0].number`. */
  path: string
  /** `key`, a pattern's name, or the source of an expression of one's own. */
  rule: string
}

/** Rules, ready to be applied. What they are given stays as it is. */
export interface Redactor {
  /** The value without what the rules hide: itself where they hide nothing, else a copy. */
  value(key: string, value: unknown): unknown
  text(text: string): string
  /** A line of JSON, or of text, without what the rules hide. Never throws. */
  line(line: string, leave?: Leave): string
  /** What the rules would hide, at most 100 findings. */
  find(value: unknown, path?: string): Finding[]
}

/** Deeper values are hidden whole: nobody reads them in a log, and a circle must end. */
const maxDepth = 16
const maxFindings = 100

/** @throws SpanlogError INVALID_OPTION */
export function createRedactor(rules: RedactionRules = {}): Redactor {
  refuseUnknownOptions('redact', rules, ['keys', 'patterns', 'allow', 'replacement'])
  const { keys = usualKeys, patterns: wanted = usualPatterns, allow = [], replacement = '[REDACTED]' } = rules
  if (typeof replacement !== 'string') throw unexpected('redact.replacement', 'a string', replacement)
  const verdict = keyVerdicts(keys, allow)
  if (!Array.isArray(wanted)) throw unexpected('redact.patterns', 'an array', wanted)
  const all = [byNames({ verdict, replacement }), ...(wanted as readonly unknown[]).map((one) => byPattern(one, replacement))]
  const ruled = { verdict, areNamesHarmless: harmlessNames(verdict, maxDepth), possibleIn, text, replacement, maxDepth }

  return { value, text, line, find }

  function value(key: string, given: unknown): unknown {
    try {
      return redact(key, given, 0)
    } catch {
      // A getter that throws: what cannot be looked at is not shown.
      return replacement
    }
  }

  function text(given: string, among: readonly TextRule[] = all): string {
    const plain = withoutEscapes(given)
    let shown = plain
    for (const rule of among) {
      const left = rule.hide(shown)
      if (left === shown) continue
      // What is put together where something was hidden may be what no other rule was possible for before.
      if (among !== all) return text(given)
      shown = left
    }
    return shown === plain ? given : shown
  }

  /** Looked for once in the whole, nearly all rules are out of question for each of its texts. */
  function possibleIn(json: string): readonly TextRule[] {
    // An escape may stand for any character.
    if (json.includes('\\u') || json.includes('\\/')) return all
    // By far the most lines have none.
    const first = all.findIndex((one) => one.mayHideIn(json))
    return first < 0 ? none : all.filter((one, i) => i === first || (i > first && one.mayHideIn(json)))
  }

  function line(given: string, leave?: Leave): string {
    return redactJson(given, ruled, leave)
  }

  function redact(key: string, given: unknown, depth: number): unknown {
    if (given === undefined || given === null) return given
    const found = verdict(key)
    if (found === 'allowed') return given
    if (found === 'hidden' || (found === 'doubtful' && typeof given === 'string' && looksSecret(given))) return replacement
    if (typeof given === 'string') return text(given)
    if (typeof given === 'number' || typeof given === 'bigint') {
      const shown = text(String(given))
      return shown === String(given) ? given : shown
    }
    if (typeof given !== 'object' || ArrayBuffer.isView(given)) return given
    if (depth >= maxDepth) return replacement
    if (Array.isArray(given)) return redactArray(key, given, depth)
    if (given instanceof Error) return redactError(given, depth)
    if (given instanceof Map || given instanceof Set) return redactCollection(key, given, depth)
    const { toJSON } = given as { toJSON?: unknown }
    if (typeof toJSON !== 'function') return redactObject(given as Record<string, unknown>, depth)
    // It says itself what it shows: a date, an instance with private fields.
    const json: unknown = Reflect.apply(toJSON, given, [key])
    const shown = typeof json === 'object' && json !== null && 'toJSON' in json ? replacement : redact(key, json, depth + 1)
    return shown === json ? given : shown
  }

  /** What an error says is in properties that are not enumerable. */
  function redactError(error: Error, depth: number): unknown {
    const copy = Object.create(Object.getPrototypeOf(error) as object) as Error
    let isChanged = false
    for (const key of Reflect.ownKeys(error)) {
      // By value: in newer V8 `stack` is an accessor that knows its own error only.
      const given: unknown = Reflect.get(error, key)
      const shown = typeof key === 'symbol' ? given : redact(key, given, depth + 1)
      isChanged ||= shown !== given
      const enumerable = Object.prototype.propertyIsEnumerable.call(error, key)
      Object.defineProperty(copy, key, { value: shown, enumerable, writable: true, configurable: true })
    }
    return isChanged ? copy : error
  }

  function redactArray(key: string, array: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined
    for (let i = 0; i < array.length; i++) {
      const shown = redact(nameOfItem(key, array, i), array[i], depth + 1)
      if (shown === array[i]) continue
      copy ??= [...array]
      copy[i] = shown
    }
    return copy ?? array
  }

  /** Its names are looked at too: `{ 'ada@example.com': 'sent' }`. */
  function redactObject(object: Readonly<Record<string, unknown>>, depth: number): unknown {
    const names = Object.keys(object)
    const item = nameOf(object, names)
    let copy: object | undefined
    for (let i = 0; i < names.length; i++) {
      const key = names[i] as string
      const given = object[key]
      const shownName = text(key)
      const shown = redact(item !== undefined && isValueOfItem(key) ? item : key, given, depth + 1)
      if (shown !== given || shownName !== key) copy ??= copyOf(object, names.slice(0, i))
      if (copy !== undefined) define(copy, shownName, shown)
    }
    return copy ?? object
  }

  /** `{ name: 'cookie', value: 'x' }` */
  function nameOf(object: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
    if (!names.some(isValueOfItem)) return undefined
    const naming = names.find((key) => {
      const said = isNameOfItem(key) ? object[key] : undefined
      return typeof said === 'string' && said.length <= longestItemName && verdict(said) !== undefined
    })
    return naming === undefined ? undefined : (object[naming] as string)
  }

  /** Loggers write them as `{}`, layouts go through them. */
  function redactCollection(key: string, given: Map<unknown, unknown> | Set<unknown>, depth: number): unknown {
    if (given instanceof Set) {
      const items = [...given]
      const shown = redactArray(key, items, depth)
      return shown === items ? given : new Set(shown as unknown[])
    }
    let isChanged = false
    const entries = Array.from(given, ([name, held]): [unknown, unknown] => {
      const isName = typeof name === 'string'
      const shown: [unknown, unknown] = [isName ? text(name) : redact(key, name, depth + 1), redact(isName ? name : key, held, depth + 1)]
      isChanged ||= shown[0] !== name || shown[1] !== held
      return shown
    })
    return isChanged ? new Map(entries) : given
  }

  function find(whole: unknown, path = ''): Finding[] {
    const found: Finding[] = []
    const todo: Place[] = [{ path, key: '', value: whole, depth: 0 }]
    for (let at = todo.pop(); at !== undefined && found.length < maxFindings; at = todo.pop()) {
      const place = at
      if (place.value === undefined || place.value === null || place.value === replacement) continue
      const known = verdict(place.key)
      if (known === 'allowed') continue
      if (known === 'hidden' || (known === 'doubtful' && typeof place.value === 'string' && looksSecret(place.value)))
        found.push({ path: place.path, rule: 'key' })
      else if (typeof place.value !== 'object') {
        found.push(...brokenBy(`${place.value as number}`, place.path))
      } else if (place.depth < maxDepth) {
        const inner = placesIn(place, nameOf(place.value as Record<string, unknown>, Object.keys(place.value)))
        if (!Array.isArray(place.value)) found.push(...inner.flatMap(({ key, path: named }) => brokenBy(key, named)))
        // Not all at once: of more arguments than the stack holds `push` dies.
        for (const one of inner.toReversed()) todo.push(one)
      }
    }
    return found
  }

  function brokenBy(given: string, where: string): Finding[] {
    let shown = withoutEscapes(given)
    return all.flatMap(({ name, hide }) => {
      const before = shown
      shown = hide(before)
      return shown === before ? [] : [{ path: where, rule: name }]
    })
  }
}

/** Some of its members, and the methods of its class, which layouts may call. */
function copyOf(object: Readonly<Record<string | symbol, unknown>>, keys: readonly string[]): object {
  const copy = Object.create(Object.getPrototypeOf(object) as object | null) as object
  for (const key of [...keys, ...Object.getOwnPropertySymbols(object)]) define(copy, key, object[key])
  return copy
}

function define(object: object, key: string | symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}

interface Place {
  path: string
  key: string
  value: unknown
  depth: number
}

function placesIn({ path, key, value, depth }: Place, item: string | undefined): Place[] {
  const isList = Array.isArray(value)
  return Object.entries(value as object).map(([name, inner]: [string, unknown]) => ({
    path: isList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`,
    key: isList ? nameOfItem(key, value, Number(name)) : item !== undefined && isValueOfItem(name) ? item : name,
    value: inner,
    depth: depth + 1,
  }))
}

const none: readonly TextRule[] = []
