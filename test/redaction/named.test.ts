import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.js'

const redactor = createRedactor({ allow: ['shown'] })
const hidden = '[REDACTED]'
const { stringify } = JSON

/** As one text in another, so many times. */
function nested(text: string, times: number): string {
  return times === 0 ? text : nested(stringify({ body: text }), times - 1)
}

describe('what stands under a name in a text', () => {
  it.each<[what: string, text: string, shown: string]>([
    ['a member of JSON', '{"user":{"password":"hunter2","a":1}}', `{"user":{"password":"${hidden}","a":1}}`],
    ['in JSON behind other words', 'got {"password":"hunter2"} for 5"', `got {"password":"${hidden}"} for 5"`],
    ['in a list, and in what follows it', '[{"token":"a"},{"token":"b"}]', `[{"token":"${hidden}"},{"token":"${hidden}"}]`],
    ['with spaces and lines', '{\n  "password" :\n "hunter2"\n}', `{\n  "password" :\n "${hidden}"\n}`],
    ['a number, a truth value', '{"cvv":123,"secret":true,"pwd":-1.5e3}', `{"cvv":"${hidden}","secret":"${hidden}","pwd":"${hidden}"}`],
    ['an object, a list, whole', '{"secret":{"a":["}"]},"token":[1,[2]],"b":1}', `{"secret":"${hidden}","token":"${hidden}","b":1}`],
    ['an object that was cut', '{"secret":{"a":["}"', `{"secret":"${hidden}"`],
    ['a text with quotes and backslashes', String.raw`{"password":"a\"b\\","c":"d"}`, `{"password":"${hidden}","c":"d"}`],
    ['a text that was cut', '{"a":1,"password":"hun', `{"a":1,"password":"${hidden}`],
    ['a name that was written with escapes', String.raw`{"pass\u0077ord":"hunter2"}`, `{"password":"${hidden}"}`],
    ['what inspect shows', "{\n  password: 'hunter2',\n  a: 1 }", `{\n  password: '${hidden}',\n  a: 1 }`],
    ['a Map', "Map(1) { 'password' => 'hunter2' }", `Map(1) { 'password' => '${hidden}' }`],
    ['what stands behind the name of an error', "TypeError: password: 'hunter2'", `TypeError: password: '${hidden}'`],
    ['a symbol', "{ [Symbol(password)]: 'hunter2' }", `{ [Symbol(password)]: '${hidden}' }`],
    ['a literal of SQL', "WHERE password = 'it''s' AND a = 'b'", `WHERE password = '${hidden}' AND a = 'b'`],
    [
      'a literal with its prefix',
      "SET password = N'a', secret=E'b\\'c' WHERE token=b'd'",
      `SET password = N'${hidden}', secret=E'${hidden}' WHERE token=b'${hidden}'`,
    ],
    ['an item by its name', `user["password"] = "a"; b['token']='c'`, `user["password"] = "${hidden}"; b['token']='${hidden}'`],
    ['what code compares with', `if (token === 'a' || secret == "b")`, `if (token === '${hidden}' || secret == "${hidden}")`],
    ['a form', 'user=ada&password=hunter2&a=b', `user=ada&password=${hidden}&a=b`],
    ['a form with brackets', 'user[password]=hunter2&user%5Btoken%5D=x', `user[password]=${hidden}&user%5Btoken%5D=${hidden}`],
    ['a parameter', '/a?user_token=x#b', `/a?user_token=${hidden}#b`],
    ['cookies', 'a=b; api_key=x; c=d', `a=b; api_key=${hidden}; c=d`],
    ['a connection string', 'Server=db;Password=a,b;', `Server=db;Password=${hidden}`],
    ['a scheme with what it is for', 'authorization=Bearer a, b=c', `authorization=${hidden}, b=c`],
    [
      'escaped where nobody need',
      String.raw`{"u":"https:\/\/u:p@h\/?a\u0026pin=1\u0026token=x"}`,
      `{"u":"https://${hidden}@h/?a&pin=1&token=${hidden}"}`,
    ],
    ['cookies', 'Cookie: a=b; sid=hunter2; c=d', `Cookie: ${hidden}`],
    ['a header among others', 'GET / HTTP/1.1\r\nCookie: sid=hunter2\r\nHost: h', `GET / HTTP/1.1\r\nCookie: ${hidden}\r\nHost: h`],
    ['a header as a whole in quotes', "curl -H 'X-Api-Key: hunter2' h", `curl -H 'X-Api-Key: ${hidden}' h`],
    ['what stands behind a scheme', 'Authorization: ApiKey hunter2, then', `Authorization: ApiKey ${hidden}, then`],
    ['parameters of a scheme', 'Authorization: Digest username="hun", response="0a"\nb', `Authorization: Digest ${hidden}\nb`],
    ['YAML', 'db:\n  password: hunter2\n  host: h', `db:\n  password: ${hidden}\n  host: h`],
    [
      'a number, a list and an object that inspect shows',
      "{ cvv: 123, token: [ 'hun' ], secret: { a: '}' } }",
      `{ cvv: ${hidden}, token: '${hidden}', secret: '${hidden}' }`,
    ],
    ['a list in a Map', "Map(1) { 'authorization' => [ 'hun' ] }", `Map(1) { 'authorization' => '${hidden}' }`],
    ['an option of a command', 'app --api-key hunter2 -v --password "hun ter"', `app --api-key ${hidden} -v --password "${hidden}"`],
    ['an option in a list', "[ 'app', '--token', 'hunter2' ]", `[ 'app', '--token', '${hidden}' ]`],
    ['a parameter of a URL in a URL', '/?next=%2Fa%3Fpassword%3Dhun%26b%3Dc', `/?next=%2Fa%3Fpassword%3D${hidden}%26b%3Dc`],
    [
      'an element',
      '<u><x:Password Type="a">hun</x:Password><token><![CDATA[hun]]></token></u>',
      `<u><x:Password Type="a">${hidden}</x:Password><token><![CDATA[${hidden}]]></token></u>`,
    ],
    [
      'a part of a form',
      '--b\r\nContent-Disposition: form-data; name="password"\r\nContent-Type: text/plain\r\n\r\nhun\r\nter\r\n--b--',
      `--b\r\nContent-Disposition: form-data; name="password"\r\nContent-Type: text/plain\r\n\r\n${hidden}\r\n--b--`,
    ],
    ['an input', '<input name="password" value="hun">', `<input name="password" value="${hidden}">`],
    [
      'an item',
      `{ name: 'cookie', value: 'hun' } {"key":"password","value":{"a":"hun"}}`,
      `{ name: 'cookie', value: '${hidden}' } {"key":"password","value":"${hidden}"}`,
    ],
    ['a user with a password', "auth: 'ada:hunter2', _auth=YWRhOmh1bnRlcjI=", `auth: '${hidden}', _auth=${hidden}`],
    ['what is no JSON though it begins so', "{ user: 'ada@example.com', password: 'x' }", `{ user: '${hidden}', password: '${hidden}' }`],
  ])('is hidden: %s', (_what, text, shown) => {
    expect(redactor.text(text)).toBe(shown)
    expect(redactor.text(shown)).toBe(shown)
    expect(redactor.line(text)).not.toMatch(/hun|ada@|'x'/)
    expect(JSON.parse(redactor.line(stringify({ msg: text, a: [text] })))).toEqual({ msg: shown, a: [shown] })
    expect(redactor.find({ msg: text })).not.toEqual([])
    expect(redactor.find({ msg: shown })).toEqual([])
  })

  it.each<[what: string, text: string]>([
    ['nothing', '{"password":null,"token":""}'.replace('""', `"${hidden}"`)],
    ['a sentence', 'Unexpected token: "}"; password: required, secret = unknown'],
    ['what was hidden without quotes', `{; "password": ${hidden}, "token": ${hidden}`],
    ['a word for nothing', 'token=none password=null, {secret=undefined} "pwd=nil"'],
    ['a comparison in code', 'if (token === undefined && secret != password) return password => a'],
    ['a place for a parameter', 'WHERE token=? AND password=$1'],
    ['another name', `{"passenger":"a","tokens":1} passage='b' secretary=c`],
    ['what is allowed', '{"shown":{"password":"x"},"a":1}'],
    ['separators without names', 'a::b ==> "c" :"d" ="e" "": "f" https://h:80/a?=b&=c'],
    ['words behind a name', 'password: must be long; cookie: none sent, Authorization: failed for 4711 (403)'],
    ['a word behind an option', 'use --token to log in, --password <password>; unknown option --no-cookies given'],
    ['what is called by the name', "auth: 'basic', auth: oauth2, { auth: 'https://auth.example', pass: 12 } auth=auth:8080 pass=3"],
    ['types, functions and calls', 'Promise<Token> (a: b, password: string) => { token: read(a) } (token) => { a }'],
    ['another item', `{ name: 'orders', value: 1 } { name: 'cookie' } { value: 'a' }`],
    ['quotes that nobody closes', `"'\`:"' \\":\\" =\\\\" {"`],
  ])('stays: %s', (_what, text) => {
    expect(redactor.text(text)).toBe(text)
  })

  it('is hidden however often JSON is written into JSON, and whatever the replacement', () => {
    for (const replacement of [hidden, '***', 'it\'s "hidden"', '\\']) {
      const own = createRedactor({ replacement })
      for (const times of [0, 1, 2, 3, 4]) {
        const shown = own.line(stringify({ msg: nested('{"a":"b","password":"hunter\\"2","c":[1]}', times) }))
        let text = (JSON.parse(shown) as { msg: string }).msg
        for (let i = 0; i < times; i++) text = (JSON.parse(text) as { body: string }).body
        expect(JSON.parse(text)).toEqual({ a: 'b', password: replacement, c: [1] })
        expect(own.line(shown)).toBe(shown)
      }
    }
  })

  it.each([
    'a\ncookie=x',
    "password\t=\t'x'",
    'password\r\n=x',
    "{ password:\f'x' }",
    `{ password:${' '.repeat(99)}'x' }`,
    "{ password: b'x' }",
    "{ password: \\'x\\' }",
    `"pass\tword"='x'`,
  ])('is hidden of a line as of its text: %j', (text) => {
    expect(redactor.text(text)).toContain(hidden)
    expect(redactor.line(stringify({ a: text }))).toBe(stringify({ a: redactor.text(text) }))
  })

  it('is hidden of a line as of its text, and once, whatever stands around names and separators', () => {
    const piece = fc.constantFrom(
      ...Array.from('"\'`=: \n\t\f\v\\{}[](),;&?1'),
      'password',
      'token',
      '=>',
      '==',
      "N'",
      'null',
      '%5D',
      '%3D',
      '%26',
      '<password>',
      '</',
      '--token',
      'cookie',
      'auth',
      'name',
      'value',
      ': ',
      'x9',
      ' a=b',
      'Basic ',
      '\r\n',
      '--',
      hidden,
      ' '.repeat(40),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        const shown = redactor.text(text)
        expect(redactor.line(stringify({ a: text }))).toBe(stringify({ a: shown }))
        expect(redactor.text(shown)).toBe(shown)
      }),
      { numRuns: 3_000 },
    )
  })

  it('never shows, in whatever JSON, and leaves the rest', () => {
    const name = fc.oneof(fc.constantFrom('password', 'api_key', 'Set-Cookie'), fc.string())
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    }))
    const byNames = createRedactor({ patterns: [] })
    fc.assert(
      fc.property(value, value, fc.integer({ min: 0, max: 3 }), fc.constantFrom(undefined, 2), (before, secret, times, space) => {
        const text = nested(stringify({ before, password: secret, c: 'd' }, undefined, space), times)
        let shown = byNames.text(text)
        for (let i = 0; i < times; i++) shown = (JSON.parse(shown) as { body: string }).body
        const parsed = JSON.parse(shown) as Record<string, unknown>
        expect(parsed).toMatchObject({ password: secret === null ? null : hidden, c: 'd' })
      }),
    )
  })

  it('takes time in proportion to the length, whatever the text', () => {
    for (const piece of [
      '"a":{',
      '"password":{',
      "='",
      '=\\"',
      '\\\\\\":',
      ':"',
      '= ',
      'a=',
      '"":[',
      "':'",
      '":1',
      '\\/',
      '`=`',
      '(a',
      '%5b=',
      '  :',
      '=',
      'token===',
      'eyJ-',
      'eyJaaaaa.',
      '-----BEGIN PRIVATE KEY-----',
      '<a ',
      '<password>',
      '--token ',
      '--a-',
      'cookie: ',
      'password: ',
      'password: x ',
      'password: {',
      "'token' => [",
      'name="password"',
      "name:'cookie' value:",
      'name="password"{value=',
      'authorization: digest a=',
      'token%3D',
      'auth=a',
      'curl -u a:',
      'mysql -p',
      'postgres://a@',
      'eyJaaaaa..',
    ])
      expect(redactor.text(piece.repeat(60_000))).toBeTypeOf('string')
    for (const piece of ['{"value":{', '"value":1,', '["--a",', '"a":1,']) {
      expect(redactor.line(`{${piece.repeat(60_000)}`)).toBeTypeOf('string')
    }
  })
})
