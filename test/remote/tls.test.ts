import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LokiLogsOptions } from '../../src/logs/loki/options.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import { minutesAgo, TRACE } from '../support/loki-lines.js'
import { loki, readOverSocket } from '../support/loki-session.js'

/** Made for these tests, by an authority that nobody trusts. */
const pem = (name: string): string => readFileSync(path.join(import.meta.dirname, '../support/tls', name), 'utf8')
const ca = pem('ca.pem')
const own = { cert: pem('client.pem'), key: pem('client.key') }
const server = { cert: pem('server.pem'), key: pem('server.key') }

async function ask(tls: LokiLogsOptions['tls'], wantsCertificate = false) {
  const double = await loki({ tls: { ...server, ...(wantsCertificate && { ca, requestCert: true, rejectUnauthorized: true }) } })
  double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE}`]])
  const source = lokiLogs({ url: double.url, retries: 0, ...(tls !== undefined && { tls }) })
  const { verdict } = await source.forTrace(TRACE, { from: '1h' }).collect()
  return { double, source, verdict, reason: verdict.reasons[0] }
}

describe('over TLS', () => {
  it.for<[string, LokiLogsOptions['tls'], boolean]>([
    ['a server of an authority that is given is trusted', { ca }, false],
    ['an authority may be a Buffer', { ca: Buffer.from(ca) }, false],
    ['any server is trusted where that is asked for', { rejectUnauthorized: false }, false],
    ['the certificate of the client is shown', { ca, ...own }, true],
  ])('%s', async ([, tls, wantsCertificate]) => {
    expect((await ask(tls, wantsCertificate)).verdict).toMatchObject({ complete: true, entries: 1 })
  })

  it.for<[string, LokiLogsOptions['tls'], boolean, RegExp]>([
    ['a server of an unknown authority is not trusted', undefined, false, /certificate.*tls\.ca/],
    ['a client without a certificate is not let in where one is wanted', { ca }, true, /Loki/],
  ])('%s', async ([, tls, wantsCertificate, message]) => {
    const { verdict, reason } = await ask(tls, wantsCertificate)
    expect(verdict).toMatchObject({ complete: false, entries: 0 })
    expect(reason).toMatchObject({ code: 'LOKI_UNREACHABLE', message: expect.stringMatching(message) })
  })

  it('a server that speaks none is told apart, in words', async () => {
    const double = await loki({})
    const source = lokiLogs({ url: double.url.replace('http:', 'https:') })
    const { reasons } = await source.forTrace(TRACE, { from: '1h' }).verdict()
    expect(reasons).toMatchObject([
      { code: 'LOKI_UNREACHABLE', message: expect.stringMatching(/does not speak TLS there.*http:\/\//) as unknown },
    ])
  })

  it('a trace is followed', async () => {
    const { double, source } = await ask({ ca })
    expect(await readOverSocket(double, source)).toBe(true)
  })
})

describe('TLS options', () => {
  it.for<[string, unknown, string]>([
    ['that are none', 'yes', '`tls`'],
    ['that do not exist', { pfx: 'x' }, 'no option `pfx`'],
    ['that are a path', { ca: '/etc/ssl/ca.pem' }, '`tls.ca` to be PEM'],
    ['a certificate without its key', { cert: own.cert }, '`tls.cert` and `tls.key` together'],
    ['a trust that is no boolean', { rejectUnauthorized: 0 }, '`tls.rejectUnauthorized`'],
  ])('%s are refused', ([, tls, message]) => {
    expect(() => lokiLogs({ url: 'https://loki.test', tls: tls as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(message) }),
    )
  })
})
