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
  if (keys.length === 0) return () => false
  const expressions = keys.map((key) => key.split('*').map(plain).join('.*'))
  const expression = new RegExp(`^(?:${expressions.join('|')})$`, 'u')
  return (key) => expression.test(plain(key)) || expression.test(plain(key.slice(key.lastIndexOf('.') + 1)))
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
