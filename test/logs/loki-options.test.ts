import { describe, expect, it } from 'vitest'
import { parseLokiOptions } from '../../src/logs/loki/options.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import { loki } from '../support/loki-session.js'

const url = 'http://loki.test'

describe('lokiLogs refuses', () => {
  it.for<[string, unknown, string, string]>([
    ['no options', undefined, 'INVALID_OPTION', 'Expected `options` to be an object, got undefined'],
    ['no url', {}, 'INVALID_URL', 'Expected `url` to be an absolute http:// or https:// URL, got undefined'],
    ['a relative url', { url: '/loki' }, 'INVALID_URL', 'got "/loki"'],
    ['another scheme', { url: 'ftp://loki.test' }, 'INVALID_URL', 'got "ftp://loki.test"'],
    ['a password in the url', { url: 'http://me:secret@loki.test' }, 'INVALID_URL', 'give them as basicAuth'],
    ['a misspelt option', { url, tenent: 'a' }, 'INVALID_OPTION', 'no option `tenent`'],
    ['an empty tenant', { url, tenant: '' }, 'INVALID_OPTION', '`tenant`'],
    ['a tenant that breaks a header', { url, tenant: 'a\r\nb' }, 'INVALID_OPTION', '`tenant`'],
    ['headers that are none', { url, headers: 'x' }, 'INVALID_OPTION', '`headers`'],
    ['headers that are null', { url, headers: null }, 'INVALID_OPTION', '`headers`'],
    ['a header name that is none', { url, headers: { 'a b': 'c' } }, 'INVALID_OPTION', '`headers.a b`'],
    ['a header value that is no text', { url, headers: { a: 1 } }, 'INVALID_OPTION', '`headers.a`'],
    ['two ways to sign in', { url, bearerToken: 'x', basicAuth: { username: 'a', password: 'b' } }, 'INVALID_OPTION', 'give one of them'],
    ['a user name with a colon', { url, basicAuth: { username: 'a:b', password: 'c' } }, 'INVALID_OPTION', '`basicAuth.username`'],
    ['credentials without a password', { url, basicAuth: { username: 'a' } }, 'INVALID_OPTION', '`basicAuth.password`'],
    ['credentials that are null', { url, basicAuth: null }, 'INVALID_OPTION', '`basicAuth`'],
    ['a token that breaks a header', { url, bearerToken: 'a\nb' }, 'INVALID_OPTION', '`bearerToken`'],
    ['a time-out of 0', { url, timeoutMs: 0 }, 'INVALID_OPTION', '`timeoutMs`'],
    ['a time-out as text', { url, timeoutMs: '5' }, 'INVALID_OPTION', '`timeoutMs`'],
    ['a negative number of retries', { url, retries: -1 }, 'INVALID_OPTION', '`retries`'],
    ['a selector with a pipeline', { url, selector: '{a="b"} | json' }, 'INVALID_OPTION', '`selector`'],
  ])('%s', ([, options, code, message]) => {
    expect(() => lokiLogs(options as never)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it.for<[string, object]>([
    ['a password', { url: 'http://me:secret@loki.test' }],
    ['a token', { url, bearerToken: 'a\nsecret' }],
    ['a header', { url, headers: { key: 'a\nsecret' } }],
  ])('without showing %s', ([, options]) => {
    let message = ''
    try {
      lokiLogs(options as never)
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain('INVALID')
    expect(message).not.toContain('secret')
  })
})

describe('the base of all requests', () => {
  it.for([
    ['http://loki.test', 'http://loki.test'],
    ['http://loki.test:3100/', 'http://loki.test:3100'],
    ['https://host.test/a/b/', 'https://host.test/a/b'],
    ['https://host.test/loki/api/v1', 'https://host.test'],
    ['https://logs-prod-006.grafana.net/loki/api/v1/push', 'https://logs-prod-006.grafana.net'],
    ['https://grafana.test/api/datasources/proxy/uid/abc?x=1', 'https://grafana.test/api/datasources/proxy/uid/abc'],
  ])('of %s is %s', ([given, base]) => {
    expect(parseLokiOptions({ url: given as string }).base).toBe(base)
    expect(parseLokiOptions({ url: new URL(given as string) }).base).toBe(base)
  })
})

describe('forTrace refuses', () => {
  it.for<[string, unknown, object, string]>([
    ['a trace ID that is none', 'abc', {}, 'INVALID_TRACE_ID'],
    ['a time that is none', '0af7651916cd43dd8448eb211c80319c', { from: 'yesterday' }, 'INVALID_TIME'],
    ['a window that ends before it begins', '0af7651916cd43dd8448eb211c80319c', { from: 5n, to: 4n }, 'INVALID_TIME'],
    ['an unknown option', '0af7651916cd43dd8448eb211c80319c', { form: '1h' }, 'INVALID_OPTION'],
  ])('%s, before anything is asked', async ([, id, options, code]) => {
    const double = await loki()
    const source = lokiLogs({ url: double.url })
    expect(() => source.forTrace(id as string, options)).toThrow(expect.objectContaining({ code }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(double.seen).toEqual([])
  })
})
