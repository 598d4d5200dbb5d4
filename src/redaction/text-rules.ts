import { isRegExp } from 'node:util/types'
import { unexpected } from '../errors.js'
import { hideNamed, mayNameInTexts, type NamedRules } from './named.js'
import { type Pattern, type PatternName, patterns } from './patterns.js'

/** What is hidden of a text. */
export interface TextRule {
  /** `key`, a pattern's name, or the source of an expression of one's own. */
  readonly name: string
  /** Whether it may hide something of a text that a line of JSON holds, where no escape stands for what it looks for. */
  readonly mayHideIn: (json: string) => boolean
  readonly hide: (text: string) => string
}

/** By names that stand in the text with their values. */
export function byNames(rules: NamedRules): TextRule {
  return { name: 'key', mayHideIn: (json) => mayNameInTexts(json, rules), hide: (text) => hideNamed(text, rules) }
}

/** @throws SpanlogError INVALID_OPTION */
export function byPattern(given: unknown, replacement: string): TextRule {
  const { name, pattern } = patternOf(given)
  return {
    name,
    mayHideIn: (json) => mayStandIn(json, pattern),
    hide: (text) => (mayStandIn(text, pattern) ? replaceIn(text, pattern, replacement) : text),
  }
}

function patternOf(given: unknown): { name: string; pattern: Pattern } {
  // One of another realm is no instance.
  if (isRegExp(given)) {
    const flags = given.flags.replace(/[gy]/g, '')
    return { name: given.source, pattern: { expression: new RegExp(given.source, `${flags}g`) } }
  }
  if (typeof given === 'string' && Object.hasOwn(patterns, given)) return { name: given, pattern: patterns[given as PatternName] }
  throw unexpected('redact.patterns', `regular expressions, or names out of ${Object.keys(patterns).join(', ')}`, given)
}

function mayStandIn(text: string, { least = 0, needs = [] }: Pattern): boolean {
  if (text.length < least) return false
  for (const needed of needs) if (!holds(text, needed)) return false
  return true
}

function holds(text: string, needed: NonNullable<Pattern['needs']>[number]): boolean {
  if (typeof needed === 'string') return text.includes(needed)
  if (typeof needed === 'function') return needed(text)
  return needed instanceof RegExp ? needed.test(text) : needed.some((one) => text.includes(one))
}

function replaceIn(text: string, { expression, keep, is }: Pattern, replacement: string): string {
  return text.replace(expression, (match: string, ...groups: (string | undefined)[]) => {
    // An expression that matches nothing would put the replacement between all characters.
    if (match === '' || is?.(match) === false) return match
    const group = (number: number | undefined) => (number === undefined ? '' : (groups[number - 1] ?? ''))
    const hidden = match.slice(group(keep?.before).length, match.length - group(keep?.behind).length)
    return hidden === replacement ? match : group(keep?.before) + replacement + group(keep?.behind)
  })
}

/**
 * A text without the escapes that JSON may have for what needs none, however often it was written (`https:\/\/`, `\u0026`): to a reader of
 * JSON it says the same.
 */
export function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/(?<!\\)\\+(?:\/|u00([2-7][\da-f]))/gi, (match, hex: string | undefined) => {
    const character = hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16))
    return character === '"' || character === '\\' ? match : character
  })
}
