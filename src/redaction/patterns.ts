import { accessKey, mayHoldAccessKey } from './access-keys.js'
import { luhn, mod97 } from './checksums.js'
import { commandLine } from './command-line.js'
import { isWord } from './words.js'

/** What a pattern hides of a text. */
export interface Pattern {
  /** With the flag `g`; bounded repetitions only, since it meets strangers' texts. */
  readonly expression: RegExp
  /**
   * What stands in each match, all of it (of a list one), the cheapest first: a text without it, which is found out sooner, is not searched.
   * It is looked for in whole lines of JSON as well, so it asks for nothing that JSON may write otherwise (line breaks, quotes), or that
   * stands around a match.
   */
  readonly needs?: readonly (string | RegExp | readonly string[] | ((text: string) => boolean))[]
  /** Characters of the shortest match. */
  readonly least?: number
  /** Text before and behind the secret stays: the groups of these numbers. */
  readonly keep?: { readonly before?: number; readonly behind?: number }
  /** A second look, for what merely looks like it. */
  readonly is?: (match: string) => boolean
}

/** The name of a pattern that is built in. */
export type PatternName =
  | 'email'
  | 'card'
  | 'iban'
  | 'jwt'
  | 'authorization'
  | 'url-credentials'
  | 'url-secrets'
  | 'access-key'
  | 'private-key'
  | 'command-line'
  | 'ipv4'
  | 'us-ssn'

/** OpenTelemetry's semantic conventions name the first four; the others are OAuth's, Azure's and custom. */
const secretParameters =
  'AWSAccessKeyId|Signature|sig|X-Goog-Signature|X-Amz-(?:Signature|Credential|Security-Token)|access_token|refresh_token|id_token|token|' +
  'api[_-]?key|client_secret|secret|password|passwd|pwd|code|auth|session(?:_?id)?'

const schemesOfStores =
  'postgres(?:ql)?|mysql2?|mariadb|mssql|mongodb(?:\\+srv)?|rediss?|amqps?|mqtts?|nats|kafka|ldaps?|s?ftp|smtps?|clickhouse|cockroachdb'

// Epoch times in milliseconds and nanoseconds begin with 1, which no card does: not one in ten of them is taken for a card.
const cardNumber = /(?<![\w.-])[2-6]\d{3}(?:[ -]?\d{2,7}){2,4}(?![\w-]|\.\d)/g

/**
 * Patterns by name.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/ for what of a URL has to be hidden
 */
export const patterns: Readonly<Record<PatternName, Pattern>> = {
  // In URLs too.
  email: { least: 6, needs: [['@', '%40']], expression: /[A-Za-z0-9._%+-]{1,64}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/g },
  card: { least: 13, needs: [/[2-6]\d{3}[\d -]{9}/], expression: cardNumber, is: isCard },
  iban: {
    least: 15,
    needs: [/[A-Z]{2}\d{2}[A-Z\d ]{11}/],
    expression: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g,
    is: mod97,
  },
  // Each that may begin reaches up to the next one only, or many of them would be gone through as often.
  jwt: {
    least: 11,
    needs: ['yJ'],
    expression: /\beyJ(?:\w|-(?!eyJ)){5,8192}\.(?:[\w-]{5,8192}\.[\w-]{0,8192}|(?=\.[\w-]))(?:\.[\w-]{1,8192}){0,3}/g,
  },
  authorization: {
    least: 14,
    needs: [/bearer|basic|digest|token/i],
    expression: /\b((?:Bearer|Basic|Digest|Token)\s{1,3})[\w.~+/=-]{8,8192}/gi,
    keep: { before: 1 },
    is: isNoSentence,
  },
  'url-credentials': {
    least: 7,
    needs: ['@', ['://', 'jdbc:oracle:']],
    // Those of stores are seldom encoded as a URL has to be: all that stands before the last `@`.
    expression: new RegExp(
      `(?<=\\b(?:${schemesOfStores})://|\\bjdbc:oracle:\\w{1,8}:)[^\\s"'<>]{1,512}(?=@)|(?<=\\b[a-z][a-z0-9+.-]{1,31}://)[^\\s/?#"']{1,512}(?=@)`,
      'gi',
    ),
  },
  'url-secrets': {
    least: 6,
    needs: [['=', '%3D', '%3d'], new RegExp(`(?:[?&;]|%3F|%26)(?:${secretParameters})(?:=|%3D)`, 'i')],
    // Also of a URL that is a parameter of another.
    expression: new RegExp(
      `(?<=[?&;](?:${secretParameters})=)[^&#\\s"'<>]{1,8192}|(?<=(?:[?&;]|%3F|%26)(?:${secretParameters})%3D)(?:(?!%26)[^&#\\s"'<>]){1,8192}`,
      'gi',
    ),
  },
  'access-key': {
    least: 15,
    needs: [mayHoldAccessKey],
    expression: accessKey,
  },
  'private-key': {
    least: 27,
    needs: ['-----BEGIN '],
    // Of one that was cut, all that may belong to it.
    expression:
      /-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----(?:BEGIN|END) [A-Z ]{0,32}PRIVATE KEY)[\s\S]){0,16384}(?:-----END [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----)?/g,
  },
  'command-line': {
    least: 9,
    needs: [' -', ['curl ', 'sshpass ', 'mysql', 'mariadb', 'redis-cli ', ' login ']],
    expression: commandLine,
  },
  ipv4: { least: 7, needs: ['.'], expression: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])/g },
  'us-ssn': { least: 11, needs: ['-'], expression: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g },
}

/**
 * Those that are secrets or personal whatever the service does; an IP address may be neither. In the order of their work: what stands
 * before the `@` of a URL looks like an e-mail address too.
 */
export const usualPatterns: readonly PatternName[] = [
  'card',
  'iban',
  'jwt',
  'authorization',
  'url-credentials',
  'url-secrets',
  'access-key',
  'private-key',
  'command-line',
  'email',
]

/** "Basic authentication failed", "token validation took 5 ms": of the schemes that are words of every day, what is written like one. */
function isNoSentence(match: string): boolean {
  return /^bearer/i.test(match) || !isWord(match.replace(/^\w+\s+/, ''))
}

/** By ISO/IEC 7812: the issuers' first digits with their lengths, and the check digit. */
function isCard(match: string): boolean {
  const digits = match.replace(/\D/g, '')
  const { length } = digits
  const issuer = Number(digits.slice(0, 4))
  const fits =
    (issuer >= 4000 && issuer < 5000 && [13, 16, 19].includes(length)) ||
    (((issuer >= 5100 && issuer < 5600) || (issuer >= 2221 && issuer <= 2720)) && length === 16) ||
    ((Math.floor(issuer / 100) === 34 || Math.floor(issuer / 100) === 37) && length === 15) ||
    ((Math.floor(issuer / 100) === 65 || issuer === 6011 || Math.floor(issuer / 10) === 64 || Math.floor(issuer / 100) === 62) &&
      length >= 16 &&
      length <= 19) ||
    (issuer >= 3528 && issuer <= 3589 && length >= 16 && length <= 19) ||
    ([30, 36, 38, 39].includes(Math.floor(issuer / 100)) && length >= 14 && length <= 19)
  return fits && luhn(digits)
}
