import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PatternName, patterns } from '../../src/redaction/patterns.js'
import { createRedactor } from '../../src/redaction/redactor.js'
import { referenceOf } from './reference.js'

/** As they look, put together: none is one that somebody would have to revoke. */
const accessKeys = [
  `ghp_${'a'.repeat(36)}`,
  `github_pat_${'a1'.repeat(11)}`,
  `glpat-${'a1'.repeat(10)}`,
  'xapp-1-A012345678',
  'rk_test_1234567890',
  `whsec_${'a1'.repeat(12)}`,
  `AIza${'b'.repeat(35)}`,
  `ya29.${'a'.repeat(20)}`,
  `npm_${'a1'.repeat(18)}`,
  `pypi-AgE${'a'.repeat(20)}`,
  `sk-ant-${'a1'.repeat(10)}`,
  `sk-${'a1'.repeat(24)}`,
  `SG.${'a'.repeat(16)}.${'b'.repeat(16)}`,
  `shpat_${'a1'.repeat(16)}`,
  `dop_v1_${'a1'.repeat(32)}`,
  `hvs.${'a'.repeat(20)}`,
  `hf_${'a'.repeat(34)}`,
  `dckr_pat_${'a'.repeat(20)}`,
  `glsa_${'a'.repeat(32)}`,
  `glc_eyJ${'a'.repeat(20)}`,
  `PMAK-${'a1'.repeat(12)}-${'a1'.repeat(17)}`,
  `NRAK-${'A'.repeat(27)}`,
  `AGE-SECRET-KEY-1${'A'.repeat(58)}`,
  `hooks.slack.com/services/T0/B0/${'a'.repeat(24)}`,
  `discord.com/api/webhooks/1/${'a'.repeat(20)}`,
  `api.telegram.org/bot1:${'a'.repeat(20)}`,
]

/** Of each pattern the shortest that it matches, and others: whole, without what stays. */
const samples: Record<PatternName, readonly string[]> = {
  email: ['a@b.cc', 'ada%40example.com', 'ada.l+x@mail.example.com'],
  card: ['4222222222222', '2221000000000009', '3782-822463-10005', '5555 5555 5555 4444', '30569309025904', '6011111111111117'],
  iban: ['NO9386011117947', 'BE68539007547034', 'DE89 3704 0044 0532 0130 00', 'MT84MALT011000012345MTLCAST001S'],
  jwt: ['eyJaaaaa.bbbbb.', 'eyJaaaaa..c', 'eyJhbGciOiJkaXIifQ..aXYx.Y2lwaGVy.dGFn', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'],
  authorization: ['Basic 12345678', 'token abcdefg1', 'BEARER\tabc.def-123456', 'diGest\n\n\nabcdEfgh', 'bearer \u00a0abcdefgh'],
  'url-credentials': ['ab://c@', 'postgres://shop:s3cret@db:5432/shop', 'mysql://a:b/c#d@e', 'jdbc:oracle:thin:a/b@c'],
  'url-secrets': [
    '?sig=x',
    '&X-AMZ-Signature=fe5f',
    ';session=a',
    '?api_key=b',
    '&sessionid=4/abc',
    '?AWSAccessKeyId=a',
    '%3Fcode%3Dx',
    '%26sig%3dx',
    '&sig%3dx',
  ],
  'access-key': ['AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE', 'xoxb-1234567890', 'sk_live_1234567890'].concat(accessKeys),
  'private-key': ['-----BEGIN PRIVATE KEY-----', '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'],
  'command-line': [
    'curl -u a:b',
    "curl -s --proxy-user 'ada:b",
    'curl -b "sid=1',
    'sshpass -pa',
    'mysql -pa',
    'mysqldump -h a -pa',
    'redis-cli -a b',
    'docker login -p b',
  ],
  ipv4: ['1.2.3.4', '9.8.7.6', '255.255.255.255'],
  'us-ssn': ['123-45-6789'],
}
const names = Object.keys(patterns) as PatternName[]
const secret = fc.constantFrom(...Object.values(samples).flat())
const around = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '"',
    '\\',
    '/',
    '\n',
    '\t',
    '\r\n',
    '\0',
    '\u001b[31m',
    'é',
    '\ud800',
    '-',
    '.',
    ',',
    ':',
    '@',
    '=',
    '1',
    '4111',
    'x',
  ),
  fc.string({ maxLength: 3 }),
)
const text = fc.array(fc.oneof(around, secret), { maxLength: 7 }).map((parts) => parts.join(''))

/** As JSON may write it: some or all characters by their numbers, slashes with a backslash. */
const writings: [how: string, write: (text: string) => string][] = [
  ['plainly', (said) => JSON.stringify(said)],
  ['by numbers', (said) => `"${Array.from({ length: said.length }, (_, i) => numbered(said.charAt(i))).join('')}"`],
  ['marks by numbers', (said) => JSON.stringify(said).replaceAll(/[@=:.-]/g, numbered)],
  ['letters by numbers', (said) => JSON.stringify(said).replaceAll(/(?<!\\)[yeABgk]/g, numbered)],
  ['digits by numbers', (said) => JSON.stringify(said).replaceAll(/(?<!\\u[\da-f]{0,3})\d/g, numbered)],
  ['slashes with a backslash', (said) => JSON.stringify(said).replaceAll('/', '\\/')],
]

function numbered(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const places: [where: string, place: (json: string) => string][] = [
  ['in a field', (json) => `{"level":30,"time":1795259007123,"msg":${json}}\n`],
  ['in a list', (json) => `{"a":[1,[${json},{"b":${json}}],"c"]}`],
  ['late in a list', (json) => `{"a":["x",${json},{"b":[1,"y"],"c":${json}},${json}],"password":${json},"d":[[],${json}]}`],
  ['deep', (json) => `{"a":{"b":[{"c":{"d":${json}}}]},"e":null}`],
  ['in a name', (json) => `{${json}:1,"user.${json.slice(1)}:{${json}:2}}`],
  ['between spaces', (json) => `{ "a" : ${json} , "b"\t:\n[ ${json} ] } \n`],
  ['under a name that is hidden', (json) => `{"a":1,"Api_Key":${json},"b":${json}}`],
  ['as items', (json) => `{"a":[{"value":${json},"name":"cookie"},{"b":[${json}],"key":"x","value":${json}},{"value":{"value":${json}}}]}`],
  ['as arguments', (json) => `{"a":["b","--token",${json},${json},"--c",${json}],"auth":${json}}`],
  ['in a text of JSON', (json) => `{"body":${JSON.stringify(`{"a":${json}}`)}}`],
  ['behind the end', (json) => `{"a":1} ${json}`],
  ['where the line breaks off', (json) => `{"a":${json},"b":${json.slice(0, -1)}`],
  ['in no JSON', (json) => `user ${json}`],
  ['as a word', (json) => `{"a":${json.slice(1, -1)},"b":1}`],
]

const rules = names.flatMap((name) => [[name]]).concat([names])

describe.each(names)('what is looked for first for %s', (name) => {
  const redactor = createRedactor({ patterns: [name], replacement: '***' })
  const reference = referenceOf({ names: [name], replacement: '***' })

  it.each(samples[name])('stands in %j, however a line has it', (sample) => {
    expect(redactor.text(sample)).not.toBe(sample)
    for (const [how, write] of writings) {
      for (const [where, place] of places) {
        const line = place(write(sample))
        expect([how, where, redactor.line(line)]).toEqual([how, where, reference.line(line)])
      }
      expect(redactor.line(`{"a":${write(sample)}}`)).toContain('***')
    }
  })
})

it('looks again with all patterns at what is put together where something was hidden', () => {
  const rule = { replacement: '', patterns: ['card', 'url-credentials'] } as const
  const line = '{"url":"http:/4111111111111111/u:opensesame@host/"}'
  expect(createRedactor(rule).line(line)).toBe('{"url":"http://@host/"}')
})

describe.each([
  ['all patterns', '***'],
  ['all patterns, leaving nothing', ''],
  ['all patterns, leaving what looks like a secret', 'eyJ@b.example'],
])('redaction by %s', (_, replacement) => {
  const all = rules.map((some) => ({
    redactor: createRedactor({ patterns: some, replacement }),
    reference: referenceOf({ names: some, replacement }),
  }))
  const { redactor, reference } = all.at(-1) as (typeof all)[number]

  it('hides of a text what each pattern would, one after the other', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(redactor.text(given)).toBe(reference.text(given))
      }),
      { numRuns: 300 },
    )
  })

  it('hides of a line the same, wherever and however it stands there', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...writings), fc.constantFrom(...places), (given, [, write], [, place]) => {
        const line = place(write(given))
        expect(redactor.line(line)).toBe(reference.line(line))
      }),
      { numRuns: 600 },
    )
  })

  const piece = fc.oneof(
    text,
    fc.constantFrom(
      '"password":',
      '"name":"cookie",',
      '"value":',

      '"auth":',
      '"msg":"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '"',
      '\\',
      '\\u0040',
      '\\/',
      'null',
      '1e9',
    ),
  )

  it('hides the same of what is JSON in parts only', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const line = `{${pieces.join('')}`
        for (const one of all) expect(one.redactor.line(line)).toBe(one.reference.line(line))
      }),
      { numRuns: 150 },
    )
  })
})
