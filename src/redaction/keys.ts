import { unexpected } from '../errors.js'

/** Names that hold secrets in nearly every service. */
export const usualKeys: readonly string[] = [
  '*password',
  '*passwd',
  'pwd',
  'passphrase',
  '*secret',
  '*secretkey',
  '*token',
  '*apikey',
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'privatekey',
  'cardnumber',
  'cvv',
  'cvc',
  'ssn',
]

/**
 * @param patterns - names with `*` for any text; case and all but letters and digits do not count
 * @returns whether a name, or what stands behind its last dot, is one of them
 * @throws SpanlogError INVALID_OPTION
 */
export function keyMatcher(option: string, keys: readonly string[]): (key: string) => boolean {
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string' && /[\p{L}\p{N}*]/u.test(key)))
    throw unexpected(option, 'an array of names', keys)
  if (keys.length === 0) return () => false
  const expressions = keys.map((key) => key.split('*').map(plain).join('.*'))
  const expression = new RegExp(`^(?:${expressions.join('|')})$`, 'u')
  const known = new Map<string, boolean>()
  return (key) => {
    let hit = known.get(key)
    if (hit === undefined) {
      hit = expression.test(plain(key)) || expression.test(plain(key.slice(key.lastIndexOf('.') + 1)))
      // Names come from outside as well: they must not fill the memory.
      if (known.size >= 1_000) known.clear()
      known.set(key, hit)
    }
    return hit
  }
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
