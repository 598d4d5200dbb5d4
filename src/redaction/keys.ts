import { unexpected } from '../errors.js'

/** Names that hold secrets in nearly every service. */
export const usualKeys: readonly string[] = [
  '*password',
  '*passwords',
  '*passwd',
  'pwd',
  'passphrase',
  '*secret',
  '*secrets',
  '*secretkey',
  '*token',
  '*apikey',
  '*accesskey',
  'credentials',
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'privatekey',
  'cardnumber',
  'creditcard',
  'cvv',
  'cvc',
  'ssn',
]

/** What is done with the value under a name; `undefined`: it is looked at. */
export type Verdict = 'hidden' | 'allowed' | undefined

/**
 * @param hidden - names with `*` for any text; case and all but letters and digits do not count
 * @param allowed - the same; they go before
 * @returns what becomes of a name, by itself or by what stands behind its last dot
 * @throws SpanlogError INVALID_OPTION
 */
export function keyVerdicts(hidden: readonly string[], allowed: readonly string[]): (key: string) => Verdict {
  const isHidden = keyMatcher('redact.keys', hidden)
  const isAllowed = keyMatcher('redact.allow', allowed)
  const known = new Map<string, { verdict: Verdict }>()
  return (key) => {
    let found = known.get(key)
    if (found === undefined) {
      found = { verdict: isAllowed(key) ? 'allowed' : isHidden(key) ? 'hidden' : undefined }
      // Names come from outside as well: they must not fill the memory.
      if (known.size >= 1_000) known.clear()
      if (key.length <= longestKnown) known.set(key, found)
    }
    return found.verdict
  }
}

const longestKnown = 200

function keyMatcher(option: string, keys: readonly string[]): (key: string) => boolean {
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string' && /[\p{L}\p{N}*]/u.test(key)))
    throw unexpected(option, 'an array of names', keys)
  const whole = new Set(keys.filter((key) => !key.includes('*')).map(plain))
  const forms = keys.filter((key) => key.includes('*')).map(formOf)
  const isOne = (name: string): boolean => whole.has(name) || forms.some((form) => hasForm(name, form))
  return (key) => isOne(plain(key)) || (key.includes('.') && isOne(plain(key.slice(key.lastIndexOf('.') + 1))))
}

/** What stands before, between and behind its stars. */
interface Form {
  readonly first: string
  readonly inner: readonly string[]
  readonly last: string
}

function formOf(key: string): Form {
  const [first = '', ...others] = key.split('*').map(plain)
  return { first, inner: others.slice(0, -1), last: others.at(-1) ?? '' }
}

/** Each part at its first place: an expression would try all places of each, and names come from outside. */
function hasForm(name: string, { first, inner, last }: Form): boolean {
  if (!name.endsWith(last) || !name.startsWith(first)) return false
  let at = first.length
  for (const part of inner) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= name.length - last.length
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
