import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.js'

const redactor = createRedactor()
const hidden = '[REDACTED]'

describe('what the usual patterns hide of a text', () => {
  it.each<[what: string, text: string, shown: string]>([
    ['an address', 'mail to ada.l+x@mail.example.com sent', `mail to ${hidden} sent`],
    ['a Visa number', 'card 4111111111111111 refused', `card ${hidden} refused`],
    ['a card number in groups', 'card 5555 5555 5555 4444.', `card ${hidden}.`],
    ['an American Express number', '3782-822463-10005', hidden],
    ['an account number', 'to DE89 3704 0044 0532 0130 00 today', `to ${hidden} today`],
    ['a JSON web token', 'got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', `got ${hidden}`],
    ['a bearer token, but not its scheme', 'authorization: Bearer abc.def-123456', `authorization: Bearer ${hidden}`],
    ['the password of a URL', 'connect postgres://shop:s3cret@db:5432/shop', `connect postgres://${hidden}@db:5432/shop`],
    ['a password that a URL may not hold so', 'postgres://shop:p@s/3#c@db:5432/shop', `postgres://${hidden}@db:5432/shop`],
    [
      'a user of a command',
      'curl -s -u ada:x9 https://h; mysql -u root -px9 shop',
      `curl -s -u ada:${hidden} https://h; mysql -u root -p${hidden} shop`,
    ],
    ['an encrypted token, whole', 'eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn', hidden],
    ['the user of a URL', 'fetch https://token@git.example.com/x', `fetch https://${hidden}@git.example.com/x`],
    ['a secret of a query', 'GET /cb?state=1&code=4/abc&x=2', `GET /cb?state=1&code=${hidden}&x=2`],
    ['a signature of a query', '/o?X-Amz-Signature=fe5f&sig=ab%2B', `/o?X-Amz-Signature=${hidden}&sig=${hidden}`],
    ['an access key', 'key AKIAIOSFODNN7EXAMPLE used', `key ${hidden} used`],
    ['a private key', `-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----`, hidden],
    ['a token behind a dash', 'session-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.', `session-${hidden}`],
    [
      'each of two private keys, of which one was cut off',
      '-----BEGIN PRIVATE KEY-----\nMII\n-----BEGIN PRIVATE KEY-----\nMII',
      hidden + hidden,
    ],
    ['a private key that was cut off, before much else', `-----BEGIN PRIVATE KEY-----\nMIIE\n${' '.repeat(16_378)}x`, `${hidden}x`],
    ['a private key that was cut off', 'x -----BEGIN PRIVATE KEY-----\nMIIE', `x ${hidden}`],
  ])('%s', (_what, text, shown) => {
    expect(redactor.text(text)).toBe(shown)
  })

  it.each<[what: string, text: string]>([
    ['a trace ID', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['a trace ID of digits alone', '41111111111111114111111111111111'],
    ['a UUID', '41111111-1111-4111-8111-111111111111'],
    ['nanoseconds since the epoch', '1761000000123456789'],
    ['milliseconds since the epoch', '1761000000123'],
    ['a number with a wrong check digit', '4111111111111112'],
    ['a decimal', '4111.111111111111'],
    ['a version', '10.0.0.1'],
    ['a package with a scope', '@opentelemetry/api@1.9.1'],
    ['a URL with a port', 'http://localhost:3100/a?b=c'],
    ['an account number with a wrong check digit', 'DE88370400440532013000'],
    ['a sentence', 'Token validation failed: token authentication.handler needs basic authentication, not Digest refresh-interval.'],
    ['addresses without a user', 'redis://cache:6379/0 amqp://broker:5672 jdbc:oracle:thin:@//h:1521/x'],
    ['commands', 'docker run -u 1000:1000 a; mysql -h db -P 3306; curl/8.5.0; curl -s h; ssh -p 2222 h; npm_package_version=1'],
    ['IDs that are encoded', 'cursor=YXJyYXljb25uZWN0aW9uOjEw id=VXNlcjoxMjM0'],
    ['what was hidden already', 'Bearer [REDACTED] https://[REDACTED]@db ?code=[REDACTED]'],
  ])('not %s', (_what, text) => {
    expect(redactor.text(text)).toBe(text)
  })
})

describe('what the usual keys hide', () => {
  it.each([
    'password',
    'Password',
    'user.password',
    'db_password',
    'x-api-key',
    'apiKey',
    'accessToken',
    'Set-Cookie',
    'http.request.header.authorization',
  ])('%s', (key) => {
    expect(redactor.value(key, 'opensesame')).toBe(hidden)
    expect(redactor.value('outer', { list: [{ [key]: { any: 1 } }] })).toEqual({ list: [{ [key]: hidden }] })
  })

  it.each(['passenger', 'tokens', 'gen_ai.usage.input_tokens', 'secretary', 'name', ''])('not %s', (key) => {
    expect(redactor.value(key, 'open')).toBe('open')
  })
})

describe('a key with stars', () => {
  it.each<[key: string, hides: string[], leaves: string[]]>([
    ['card', ['Card', 'a.card'], ['cards', 'acard']],
    ['card*', ['card', 'cardNumber'], ['acard']],
    ['*card', ['card', 'my_card'], ['cards']],
    ['*birth*', ['birth', 'date_of_birth', 'birthDate', 'user.birth.date'], ['bir', 'birht']],
    ['a*b*c', ['abc', 'a-b-b-c', 'axbxc'], ['ac', 'acb', 'bc', 'abcd']],
    ['aba*aba', ['abaaba', 'abaXaba'], ['aba', 'ababa']],
    ['*', ['', 'x', 'a.b'], []],
  ])('%s', (key, hides, leaves) => {
    const own = createRedactor({ keys: [key], patterns: [] })
    for (const name of hides) expect([name, own.value(name, 'x')]).toEqual([name, hidden])
    for (const name of leaves) expect([name, own.value(name, 'x')]).toEqual([name, 'x'])
  })

  it('takes time in proportion to the length of a name', () => {
    const own = createRedactor({ keys: ['a*b*c*d'], patterns: [] })
    expect(own.value(`a${'bc'.repeat(200_000)}`, 'x')).toBe('x')
  })
})

describe('a redactor', () => {
  it('returns the value itself where it hides nothing', () => {
    const value = { a: [1, { b: 'c' }], d: 1n, e: null, f: undefined }
    expect(redactor.value('x', value)).toBe(value)
  })

  it('leaves its input as it was', () => {
    const value = { user: { password: 'p', mail: 'a@b.example' }, list: ['a@b.example', 1] }
    const before = structuredClone(value)
    expect(redactor.value('x', value)).toEqual({ user: { password: hidden, mail: hidden }, list: [hidden, 1] })
    expect(value).toEqual(before)
  })

  it('leaves what is allowed', () => {
    const own = createRedactor({ allow: ['support_mail', 'page*'] })
    expect(own.value('x', { support_mail: 'a@b.example', pageToken: 't', mail: 'a@b.example' })).toEqual({
      support_mail: 'a@b.example',
      pageToken: 't',
      mail: hidden,
    })
  })

  it('hides by expressions of one’s own', () => {
    const own = createRedactor({ keys: ['cust*'], patterns: [/ORD-\d+/, 'email'], replacement: '***' })
    expect(own.value('x', { note: 'ORD-1 and ORD-22 of a@b.example', customer_name: 'Ada', password: 'p' })).toEqual({
      note: '*** and *** of ***',
      customer_name: '***',
      password: 'p',
    })
  })

  it.each([/K-\d/, /K-\d/g, /K-\d/y, /k-\d/giy, /K-\d/u, runInNewContext('/K-\\d/y') as RegExp])(
    'hides all that %s matches, and leaves the expression as it was',
    (expression) => {
      expression.lastIndex = 3
      const own = createRedactor({ patterns: [expression] })
      for (let i = 0; i < 3; i++) expect(own.text('a K-1 K-2 K-3')).toBe(`a ${hidden} ${hidden} ${hidden}`)
      expect(expression.lastIndex).toBe(3)
    },
  )

  it('hides what layouts find in a Map, a Set and an instance, which stays one of its class', () => {
    class User {
      readonly password = 'p'
      readonly name = 'Ada'
      hello(): string {
        return `hello ${this.name} ${this.password}`
      }
    }
    const symbol = Symbol('kept')
    const map = new Map<unknown, unknown>([
      ['password', 'p'],
      ['a@b.example', 1],
      [{ token: 't' }, 2],
    ])
    expect(redactor.value('x', map)).toEqual(
      new Map<unknown, unknown>([
        ['password', hidden],
        [hidden, 1],
        [{ token: hidden }, 2],
      ]),
    )
    expect(redactor.value('x', new Set(['a@b.example', 1]))).toEqual(new Set([hidden, 1]))
    expect((redactor.value('x', new User()) as User).hello()).toBe(`hello Ada ${hidden}`)
    expect(redactor.value('x', { 'a@b.example': 1, [symbol]: 2 })).toEqual({ [hidden]: 1, [symbol]: 2 })
    const plain = [new Map([['a', new Set([1])]])]
    expect(redactor.value('x', plain)).toBe(plain)
  })

  it('hides, and finds, what follows a name in a pair and in a row of headers', () => {
    const value = {
      pairs: [['Cookie', 'a=b']],
      rawHeaders: ['Host', 'x', 'Authorization', 'Basic YTpi'],
      missing: ['token', 'name', 'email'],
    }
    expect(redactor.value('x', value)).toEqual({
      pairs: [['Cookie', hidden]],
      rawHeaders: ['Host', 'x', 'Authorization', hidden],
      missing: ['token', 'name', 'email'],
    })
    expect(redactor.find(value)).toEqual([
      { path: 'pairs[0][1]', rule: 'key' },
      { path: 'rawHeaders[3]', rule: 'key' },
    ])
  })

  it.each<[what: string, value: unknown, shown: unknown]>([
    [
      'a HAR file',
      {
        headers: [
          { name: 'Cookie', value: 'a' },
          { name: 'Host', value: 'h' },
        ],
      },
      {
        headers: [
          { name: 'Cookie', value: hidden },
          { name: 'Host', value: 'h' },
        ],
      },
    ],
    ['tags', { Tags: [{ Key: 'db_password', Value: 'a' }] }, { Tags: [{ Key: 'db_password', Value: hidden }] }],
    [
      'a validator that names the member last',
      { type: 'field', value: 'a', msg: 'm', path: 'password' },
      { type: 'field', value: hidden, msg: 'm', path: 'password' },
    ],
    ['attributes of OTLP', { key: 'x.authorization', value: { stringValue: 'a' } }, { key: 'x.authorization', value: hidden }],
    ['nothing under a name like others', { name: 'orders', value: 1, values: [1] }, { name: 'orders', value: 1, values: [1] }],
    [
      'items in items',
      { value: { name: 'x', value: { name: 'token', value: 1 } } },
      { value: { name: 'x', value: { name: 'token', value: hidden } } },
    ],
    [
      'the arguments of a command',
      { argv: ['node', '--token', 'a', '--password', '--verbose', 'b'] },
      { argv: ['node', '--token', hidden, '--password', '--verbose', 'b'] },
    ],
    [
      'a user with a password',
      { auth: 'ada:hunter2', b: { auth: 'basic', pass: 'x9!y' } },
      { auth: hidden, b: { auth: 'basic', pass: hidden } },
    ],
    [
      'what is looked into under a doubtful name',
      { auth: { password: 'a', user: 'b' }, pass: 12 },
      { auth: { password: hidden, user: 'b' }, pass: 12 },
    ],
  ])('hides of a value, and of a line: %s', (_what, value, shown) => {
    expect(redactor.value('x', value)).toEqual(shown)
    expect(JSON.parse(redactor.line(JSON.stringify(value)))).toEqual(shown)
    expect(redactor.find(shown)).toEqual([])
    expect(redactor.find(value).length).toBe(JSON.stringify(shown).split(hidden).length - 1)
  })

  it('leaves an item that is allowed by its name', () => {
    const item = { name: 'pageToken', value: 'Bearer abcdefgh1' }
    expect(createRedactor({ allow: ['pageToken'] }).value('x', item)).toBe(item)
  })

  it('hides numbers that are cards', () => {
    expect(redactor.value('n', 4111111111111111)).toBe(hidden)
    expect(redactor.value('n', 4111111111111112)).toBe(4111111111111112)
  })

  it('ends on a circle, and hides what cannot be read', () => {
    const circle: Record<string, unknown> = { mail: 'a@b.example' }
    circle.self = circle
    expect(JSON.stringify(redactor.value('x', circle))).not.toContain('a@b.example')
    const getter = Object.defineProperty({}, 'a', { enumerable: true, get: () => expect.unreachable() })
    expect(redactor.value('x', getter)).toBe(hidden)
  })

  it('keeps a field named __proto__ a field', () => {
    const value = JSON.parse('{"__proto__":{"password":"p"},"a":1}') as unknown
    expect(JSON.stringify(redactor.value('x', value))).toBe(`{"__proto__":{"password":"${hidden}"},"a":1}`)
  })

  it.each<[what: string, rules: object, message: RegExp]>([
    ['an unknown option', { key: [] }, /redact.*key/],
    ['keys that are no list', { keys: 'password' }, /redact\.keys.*array/],
    ['a key without a letter', { keys: ['-'] }, /redact\.keys/],
    ['an unknown pattern', { patterns: ['emails'] }, /redact\.patterns.*email.*"emails"/],
    ['a replacement that is no text', { replacement: 1 }, /redact\.replacement/],
    ['a key that is an expression', { keys: [/password/] }, /redact\.keys.*names/],
    ['keys that are a set', { keys: new Set(['password']) }, /redact\.keys/],
    ['what is allowed as a text', { allow: 'password' }, /redact\.allow/],
    ['an expression as a text', { patterns: ['/K-\\d+/g'] }, /redact\.patterns.*regular expressions/],
    ['rules that are a list', ['password'], /redact.*object/],
  ])('refuses %s', (_what, rules, message) => {
    expect(() => createRedactor(rules)).toThrow(message)
  })

  it('finds what it would hide, and says where', () => {
    const value = { user: { mail: 'a@b.example', pins: [{ cvv: 1 }] }, url: 'https://u:p@h/?token=x', note: 'ok' }
    expect(redactor.find(value, 'line')).toEqual([
      { path: 'line.user.mail', rule: 'email' },
      { path: 'line.user.pins[0].cvv', rule: 'key' },
      { path: 'line.url', rule: 'key' },
      { path: 'line.url', rule: 'url-credentials' },
    ])
  })

  it('finds in a list of any length', () => {
    const list: string[] = Array.from({ length: 200_000 }, () => 'tea')
    expect(redactor.find({ list })).toEqual([])
    expect(redactor.find({ list: [...list, 'mail ada@example.com'] })).toEqual([{ path: 'list[200000]', rule: 'email' }])
  })

  it('finds nothing in what it has hidden, whatever that was', () => {
    const piece = fc.constantFrom('a@b.example', '4111111111111111', 'Bearer abcdefgh12', 'https://u:p@h/x?sig=1', ' ', ',', '"', 'x')
    const text = fc.array(fc.oneof(piece, fc.string()), { maxLength: 6 }).map((parts) => parts.join(' '))
    const key = fc.oneof(fc.constantFrom('password', 'api_key', 'note'), fc.string())
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.integer(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(key, tie('any'), { maxKeys: 3 }),
      ),
    })).any
    fc.assert(
      fc.property(value, (given) => {
        const once = redactor.value('', given)
        expect(redactor.find(once)).toEqual([])
        expect(redactor.value('', once)).toEqual(once)
      }),
    )
  })
})
