import { unexpected } from '../errors.js'

/** Names that hold secrets in nearly every service. Behind a `?` the text decides: `auth: 'basic'` is none. */
export const usualKeys: readonly string[] = [
  '*password',
  '*passwords',
  '*passwd',
  '*passwordhash',
  '*passwordconfirm',
  '*passwordconfirmation',
  'password1',
  'password2',
  'pwd',
  '*dbpwd',
  '*mysqlpwd',
  '*userpwd',
  'passphrase',
  'passcode',
  'pass?',
  '*dbpass',
  '*smtppass',
  '*mailpass',
  '*userpass',
  'auth?',
  'bearer?',
  'creds',
  'otp',
  'totp',
  '*secret',
  '*secrets',
  '*secretkey',
  '*token',
  '*apikey',
  '*accesskey',
  '*accountkey',
  '*encryptionkey',
  '*signingkey',
  '*masterkey',
  '*sessionkey',
  '*licensekey',
  'credentials',
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'connectsid',
  'jsessionid',
  'phpsessid',
  'privatekey',
  'sshprivatekey',
  'rsaprivatekey',
  'tlsprivatekey',
  'cardnumber',
  'creditcard',
  '*cvv',
  '*cvc',
  'cvv2',
  'cvc2',
  'ssn',
]

/** What is done with the value under a name; `doubtful`: a text that looks like a secret is hidden; `undefined`: it is looked at. */
export type Verdict = 'hidden' | 'allowed' | 'doubtful' | undefined

/**
 * @param hidden - names with `*` for any text, and `?` at the end of doubtful ones; case and all but letters and digits do not count
 * @param allowed - the same; they go before
 * @returns what becomes of a name, by itself or by what stands behind its last dot
 * @throws SpanlogError INVALID_OPTION
 */
export function keyVerdicts(hidden: readonly string[], allowed: readonly string[]): (key: string) => Verdict {
  const isHidden = keyMatcher('redact.keys', hidden, (key) => !key.endsWith('?'))
  const isDoubtful = keyMatcher('redact.keys', hidden, (key) => key.endsWith('?'))
  const isAllowed = keyMatcher('redact.allow', allowed)
  const known = new Map<string, { verdict: Verdict }>()
  return (key) => {
    let found = known.get(key)
    if (found === undefined) {
      found = { verdict: isAllowed(key) ? 'allowed' : isHidden(key) ? 'hidden' : isDoubtful(key) ? 'doubtful' : undefined }
      // Names come from outside as well: they must not fill the memory.
      if (known.size >= 1_000) known.clear()
      if (key.length <= longestKnown) known.set(key, found)
    }
    return found.verdict
  }
}

const longestKnown = 200

function keyMatcher(option: string, all: readonly string[], isMeant: (key: string) => boolean = () => true): (key: string) => boolean {
  if (!Array.isArray(all) || !all.every((key) => typeof key === 'string' && /[\p{L}\p{N}*]/u.test(key)))
    throw unexpected(option, 'an array of names', all)
  const keys = all.filter(isMeant)
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
