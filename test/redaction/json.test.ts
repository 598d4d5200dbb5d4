import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.js'

const redactor = createRedactor({ allow: ['shown'] })
const hidden = '"[REDACTED]"'

describe('a line of JSON', () => {
  it.each<[what: string, line: string, shown: string]>([
    ['hides the value of a name', '{"password":"x","a":1}\n', `{"password":${hidden},"a":1}\n`],
    ['hides an object whole', '{"a":1,"secret":{"b":[1,{"c":"}"}]},"d":2}', `{"a":1,"secret":${hidden},"d":2}`],
    ['hides a list whole', '{"tokens":1,"token":[["a"],"]"]}', `{"tokens":1,"token":${hidden}}`],
    ['looks into objects and lists', '{"a":[{"db":{"password":true}}]}', `{"a":[{"db":{"password":${hidden}}}]}`],
    ['hides what follows a name in a pair', '{"h":[["Set-Cookie","a=b"],["host","x"]]}', `{"h":[["Set-Cookie",${hidden}],["host","x"]]}`],
    ['hides an object that follows a name in a pair', '{"h":["token",{"a":["]"]}],"b":1}', `{"h":["token",${hidden}],"b":1}`],
    [
      'hides what follows a name in a row of headers',
      '{"rawHeaders":["host","x","Authorization","Basic YTpi","cookie",["a=b"]]}',
      `{"rawHeaders":["host","x","Authorization",${hidden},"cookie",${hidden}]}`,
    ],
    ['takes a value of a row of headers for no name', '{"rawHeaders":["x","token","y","z"]}', '{"rawHeaders":["x","token","y","z"]}'],
    ['leaves a list of words', '{"missing":["password","token","email"]}', '{"missing":["password","token","email"]}'],
    ['leaves a pair under a name that is allowed', '{"shown":["password","email"]}', '{"shown":["password","email"]}'],
    ['hides what follows a name in a pair that breaks off', '{"h":["cookie", "a=', `{"h":["cookie", ${hidden}`],
    ['looks into texts', '{"msg":"to ada@example.com: \\"hi\\""}', '{"msg":"to [REDACTED]: \\"hi\\""}'],
    ['looks at numbers', '{"n":4111111111111111}', `{"n":${hidden}}`],
    ['knows an escaped name', '{"pass\\u0077ord":"x"}', `{"pass\\u0077ord":${hidden}}`],
    ['knows an escaped text', '{"msg":"\\u0061da\\u0040example.com\\n"}', '{"msg":"[REDACTED]\\n"}'],
    ['looks at each of two members of one name', '{"m":"ada@example.com","m":"x"}', '{"m":"[REDACTED]","m":"x"}'],
    [
      'leaves what is allowed, and all in it',
      '{"shown":{"password":"x","m":"ada@example.com"}}',
      '{"shown":{"password":"x","m":"ada@example.com"}}',
    ],
    ['leaves null, which says nothing', '{"password":null}', '{"password":null}'],
    [
      'leaves numbers that no double holds, spaces and the end',
      '{ "n" : 12345678901234567890, "f":1.0 }\r\n',
      '{ "n" : 12345678901234567890, "f":1.0 }\r\n',
    ],
    ['hides a deep value whole', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, `${'{"a":'.repeat(16)}${hidden}${'}'.repeat(16)}`],
    ['is a text where it is none', 'user ada@example.com logged in', 'user [REDACTED] logged in'],
    ['is a text from where it breaks off', '{"a":"ada@example.com', '{"a":"[REDACTED]'],
    ['is a text behind its end', '{"a":1} ada@example.com', '{"a":1} [REDACTED]'],
    ['hides a text that breaks off', '{"a":1,"password":"hunter2', `{"a":1,"password":${hidden}`],
    ['hides what stands in a name', '{"to":{"ada@example.com":1}}', '{"to":{"[REDACTED]":1}}'],
    ['is a text from a word on that is none of JSON', '{"a":1, b: ada@example.com}', '{"a":1, b: [REDACTED]}'],
    ['hides a value that breaks off', '{"password":{"a":"b', `{"password":${hidden}`],
  ])('%s', (_what, line, shown) => {
    expect(redactor.line(line)).toBe(shown)
  })

  it('leaves the members that it is told to, at the top alone', () => {
    const line = '{"id":"4111111111111111","in":{"id":"4111111111111111"}}'
    const asked: string[] = []
    const leave = (name: string, json: string): boolean => asked.push(`${name}=${json}`) > 0 && name === 'id'
    expect(redactor.line(line, leave)).toBe('{"id":"4111111111111111","in":{"id":"[REDACTED]"}}')
    expect(asked).toEqual(['id="4111111111111111"'])
  })

  const secret = fc.constantFrom(
    'ada@example.com',
    'Bearer abcdefgh123',
    'https://u:p@host/',
    '4111 1111 1111 1111',
    'plain',
    '\\"\n\u2028',
  )
  const name = fc.oneof(fc.constantFrom('password', 'user.token', 'rawHeaders', 'shown', 'msg', '__proto__', ''), fc.string())
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, secret, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
    list: fc.oneof(fc.array(tie('value'), { maxLength: 4 }), fc.array(fc.oneof(name, tie('value')), { minLength: 2, maxLength: 4 })),
    object: fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  }))

  it('says what the redacted object would say', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (object) => {
        expect(JSON.parse(redactor.line(JSON.stringify(object)))).toEqual(JSON.parse(JSON.stringify(redactor.value('', object))))
      }),
    )
  })

  it('leaves what it hid in what is no JSON', () => {
    const once = redactor.line('{} "password": ada@example.com')
    expect(once).toBe('{} "password": [REDACTED]')
    expect(redactor.line(once)).toBe(once)
  })

  const piece = fc.oneof(
    secret,
    fc.string(),
    fc.constantFrom('"password":', '"msg":', '{', '}', '[', ']', ',', '"', '\\', 'null', '1e400', '\0'),
  )

  it('is the same when it is redacted again, and never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const once = redactor.line(`{${pieces.join(' ')}`)
        expect(redactor.line(once)).toBe(once)
      }),
    )
  })
})
