import type { TraceState } from '@opentelemetry/api'

const maxMembers = 32
// W3C Trace Context level 2, 3.3.1.3: key and value of a list member.
const keyPattern = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
const valuePattern = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** An immutable tracestate, leftmost (newest) member first. */
class Members implements TraceState {
  constructor(private readonly members: ReadonlyMap<string, string>) {}

  get(key: string): string | undefined {
    return this.members.get(key)
  }

  /** Puts the member in front, as the specification has it; a key or value that it forbids changes nothing. */
  set(key: string, value: string): TraceState {
    if (!keyPattern.test(key) || !valuePattern.test(value)) return this
    const rest = [...this.members].filter(([name]) => name !== key).slice(0, maxMembers - 1)
    return new Members(new Map([[key, value], ...rest]))
  }

  unset(key: string): TraceState {
    return new Members(new Map([...this.members].filter(([name]) => name !== key)))
  }

  serialize(): string {
    return [...this.members].map(([key, value]) => `${key}=${value}`).join(',')
  }
}

/**
 * Parses a tracestate header, the values of several headers joined in order.
 * A header with an illegal member, or with more than 32, is discarded whole; of a repeated key the first, which is the
 * newest, stays.
 *
 * @returns `undefined` where nothing is left to pass on
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 */
export function parseTracestate(values: readonly string[]): TraceState | undefined {
  const members = new Map<string, string>()
  let count = 0
  for (const part of values.join(',').split(',')) {
    const member = trimOws(part)
    if (member === '') continue
    const equals = member.indexOf('=')
    const key = member.slice(0, equals)
    const value = member.slice(equals + 1)
    if (equals < 0 || !keyPattern.test(key) || !valuePattern.test(value)) return undefined
    if (++count > maxMembers) return undefined
    if (!members.has(key)) members.set(key, value)
  }
  return members.size === 0 ? undefined : new Members(members)
}

/** Without a regular expression, which would try each run of blanks from each of its characters. */
function trimOws(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isOws(text.charCodeAt(start))) start++
  while (end > start && isOws(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** A space or a tab. */
function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09
}
