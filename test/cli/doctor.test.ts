import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loki } from '../support/loki-session.js'
import { otlp, span } from '../support/otlp.js'
import { Folder, spanlog } from './spanlog.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const folder = new Folder()
afterAll(() => folder.remove())

interface Report {
  passed: boolean
  findings: { code: string; severity: string; what: string }[]
  services?: { service: string; lines: number; withIds: number; metadata: number }[]
}

async function doctor(...args: string[]): Promise<Report & { code: number | null; codes: string[] }> {
  const { stdout, code } = await spanlog(['doctor', ...args, '--json'], { cwd: folder.path })
  const report = JSON.parse(stdout) as Report
  return { ...report, code, codes: report.findings.map((one) => one.code) }
}

describe('spanlog doctor', () => {
  it('counts the lines that carry IDs, by service, and says where the IDs are', async () => {
    const store = await loki()
    const at = (seconds: number): bigint => BigInt(Date.now() - seconds * 1000) * 1_000_000n
    store.push({ service_name: 'orders' }, [
      [at(3), '{"msg":"charged"}', { trace_id: TRACE }],
      [at(2), '{"msg":"idle"}'],
    ])
    store.push({ service_name: 'mail' }, [[at(1), '{"msg":"\u001b[31msent"}']])
    store.push({ service_name: 'old', trace_id: TRACE }, [[at(1), '{"msg":"done"}']])
    const { code, passed, codes, services } = await doctor('--loki', store.url)
    expect([code, passed]).toEqual([0, true])
    expect(codes.toSorted()).toEqual(['ID_IS_LABEL', 'LINES_WITHOUT_IDS', 'LINES_WITHOUT_IDS'])
    expect(services).toMatchObject([
      { service: 'mail', lines: 1, withIds: 0 },
      { service: 'orders', lines: 2, withIds: 1, metadata: 1 },
      { service: 'old', lines: 1, withIds: 1, label: 1 },
    ])

    const text = await spanlog(['doctor', '--loki', store.url, '--service', 'mail'])
    expect(text.stdout).toMatch(
      /^! LINES_WITHOUT_IDS {2}service mail: none of 1 lines carries a trace ID, .*\n {4}→ import 'spanlog\/register'/,
    )
    expect(text.stdout).toMatch(/\nservice +lines +with ID +metadata +label +text\nmail +1 +0 +0 +0 +0\n$/)
    expect(text.stdout).not.toContain('\u001b')
    expect(text.stderr).toBe('0 errors, 1 other finding; looked at 1 line\n')
  })

  it('fails where the store cannot be asked', async () => {
    const { code, findings } = await doctor('--loki', 'http://127.0.0.1:9')
    expect(code).toBe(5)
    expect(findings).toMatchObject([{ code: 'STORE_FAILED', severity: 'error', what: expect.stringMatching(/^LOKI_UNREACHABLE: /) }])
  })

  it('looks at what the stores have of a trace', async () => {
    const root = span(TRACE, { service: 'gateway' })
    folder.write('spans.json', [
      otlp(root, span(TRACE, { parentSpanId: root.spanId, service: 'orders', startUnixNano: root.startUnixNano })),
    ])
    folder.write('app.log', [{ trace_id: TRACE, span_id: root.spanId, service: 'gateway', msg: 'charged' }])
    const { code, codes } = await doctor(TRACE, '-f', 'spans.json', '-f', 'app.log')
    expect([code, codes]).toEqual([0, ['SERVICE_WITHOUT_LINES']])
    expect(await doctor('1'.repeat(32), '-f', 'spans.json', '-f', 'app.log')).toMatchObject({
      code: 5,
      codes: ['TRACE_UNKNOWN', 'TRACE_WITHOUT_LINES'],
    })
  })

  it('looks at the project in a folder, and at the service that runs there', async () => {
    folder.write('shop/package.json', '{}')
    writeFileSync(path.join(folder.path, 'shop/server.js'), "require('pino')")
    const { code, codes } = await doctor('shop', '--run', `"${process.execPath}" -e ""`)
    expect([code, codes]).toEqual([5, ['API_MISSING', 'LOGGER_NOT_REACHED', 'NO_PROVIDER', 'RUN_QUIET']])
  })

  it.each([
    [['none'], 'Expected a folder or a trace ID, got "none"'],
    [['.', TRACE], 'Expected one folder or trace ID, got 2 words'],
    [[TRACE], 'no store to look for the trace in'],
    [['--run', 'true', '--for', 'long'], '`--for`'],
    [['--loki', 'http://localhost', '--sample', '0'], '`--sample`'],
  ])('refuses %j', async (args, told) => {
    const { code, stderr, stdout } = await spanlog(['doctor', ...args], { cwd: folder.path })
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(told)
  })
})
