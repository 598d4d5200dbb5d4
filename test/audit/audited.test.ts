import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { auditedLogs, fileLogs, type LogSource } from 'spanlog/logs'
import { auditedTraces, fileTraces } from 'spanlog/traces'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Folder, spanlog } from '../cli/spanlog.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-audit-'))
const file = path.join(folder, 'audit.jsonl')
const lines = path.join(folder, 'app.log')
writeFileSync(lines, `${JSON.stringify({ trace_id: TRACE, msg: 'charged' })}\n`)

beforeEach(() => rmSync(file, { force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

const records = (): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the audit', () => {
  const logs = auditedLogs(fileLogs({ paths: [lines] }), { file, source: 'app.log', who: 'Ada' })
  const traces = auditedTraces(fileTraces({ paths: [lines] }), { file })

  it.each<[what: string, ask: () => unknown, record: object]>([
    [
      'the lines of a trace',
      () => logs.forTrace(TRACE.toUpperCase(), { from: 17n }),
      { asked: 'lines', how: 'trace', traceId: TRACE, query: { from: '17' } },
    ],
    [
      'a search of lines',
      () => logs.search({ text: /refused/i, signal: new AbortController().signal }),
      { asked: 'lines', how: 'search', query: { text: '/refused/i' } },
    ],
    ['lines that are followed', () => logs.follow?.(TRACE), { asked: 'lines', how: 'follow', traceId: TRACE }],
    ['the spans of a trace', () => traces.trace(TRACE), { asked: 'spans', how: 'trace', traceId: TRACE }],
    ['a search of traces', () => traces.search({ service: 'orders' }), { asked: 'spans', how: 'search', query: { service: 'orders' } }],
    ['the reading of many traces', () => traces.read?.({}), { asked: 'spans', how: 'search' }],
  ])('holds %s', (_, ask, record) => {
    ask()
    const [written = {}, ...more] = records()
    expect(more).toEqual([])
    expect(written).toMatchObject({ ...record, user: userInfo().username, host: expect.any(String), pid: process.pid })
    expect(Math.abs(Date.parse(String(written['time'])) - Date.now())).toBeLessThan(60_000)
  })

  it('names the person, the store, and where they are logged in from', () => {
    vi.stubEnv('SSH_CONNECTION', '10.1.2.3 51000 10.0.0.1 22')
    vi.stubEnv('SUDO_USER', 'grace')
    auditedLogs(fileLogs({ paths: [lines] }), { file, source: 'app.log', who: 'Ada' }).forTrace(TRACE)
    vi.unstubAllEnvs()
    expect(records()[0]).toMatchObject({ who: 'Ada', sudoUser: 'grace', from: '10.1.2.3', source: 'app.log' })
  })

  it('holds whom a question was about, and no credentials', () => {
    const source = 'https://reader:opensesame@loki.example/?token=opensesame&tenant=a'
    const asked = auditedLogs(fileLogs({ paths: [lines] }), { file, source, who: 'ada@support.example' })
    asked.search({ text: 'Authorization: Bearer opensesame of eve@example.com , password=opensesame' })
    expect(readFileSync(file, 'utf8')).not.toContain('Bearer opensesame')
    expect(records()[0]).toMatchObject({
      who: 'ada@support.example',
      source: 'https://[REDACTED]@loki.example/?token=[REDACTED]&tenant=a',
      query: { text: 'Authorization: Bearer [REDACTED] of eve@example.com , password=[REDACTED]' },
    })
  })

  it('is for its owner alone, and changes nothing of the answer', async () => {
    const { entries, verdict } = await logs.forTrace(TRACE).collect()
    expect([entries.length, verdict.complete]).toEqual([1, true])
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('begins a line afresh behind one that was cut', () => {
    writeFileSync(file, '{"time":"2026-')
    logs.forTrace(TRACE)
    expect(readFileSync(file, 'utf8').split('\n')).toEqual(['{"time":"2026-', expect.stringMatching(/^\{.*\}$/), ''])
  })

  it.each<[what: string, where: string]>([
    ['in a folder that is missing', path.join(folder, 'none', 'audit.jsonl')],
    ['that is a folder', folder],
    ['on a disk that is full', '/dev/full'],
  ])('refuses the question where it cannot be written: to a file %s', (_, where) => {
    const never: LogSource = { forTrace: () => expect.unreachable(), search: () => expect.unreachable() }
    expect(() => auditedLogs(never, { file: where }).forTrace(TRACE)).toThrow(
      /^AUDIT_UNWRITABLE: the question could not be written to .*, and is not asked;/,
    )
    expect(() => auditedTraces(traces, { file: where }).trace(TRACE)).toThrow(/AUDIT_UNWRITABLE/)
  })

  it('has no `follow` and no `read` where the source has none', () => {
    const plain = auditedLogs({ forTrace: (id) => logs.forTrace(id), search: (query) => logs.search(query) }, { file })
    expect(Object.keys(plain)).toEqual(['forTrace', 'search'])
    expect(Object.keys(auditedTraces({ trace: (id) => traces.trace(id), search: (query) => traces.search(query) }, { file }))).toEqual([
      'trace',
      'search',
    ])
  })

  it.each([
    [{}, '`audit.file`'],
    [{ file: '' }, '`audit.file`'],
    [{ file, who: '' }, '`audit.who`'],
    [{ file, source: new URL('http://localhost') }, '`audit.source`'],
    [undefined, 'the options of audit'],
    ['audit.jsonl', 'the options of audit'],
    [{ file, path: 'x' }, 'no option `path`'],
  ])('refuses wrong options: %j', (options, told) => {
    expect(() => auditedLogs(logs, options as never)).toThrow(told)
  })

  it.each([[undefined], [{}], ['app.log']])('refuses what is no source: %j', (source) => {
    expect(() => auditedLogs(source as never, { file })).toThrow(/INVALID_OPTION.*`source`.*LogSource/)
    expect(() => auditedTraces(source as never, { file })).toThrow(/INVALID_OPTION.*`source`.*TraceSource/)
  })

  it('takes whole lines from several processes at once', async () => {
    const program = `
      const { auditedTraces, fileTraces } = require('spanlog/traces')
      const traces = auditedTraces(fileTraces({ paths: ['none'] }), { file: process.argv[1], who: 'a'.repeat(9000) })
      for (let i = 0; i < 40; i++) traces.search({ service: 's' + i })`
    const run = promisify(execFile)
    await Promise.all([1, 2, 3].map(() => run(process.execPath, ['-e', program, file], { cwd: import.meta.dirname })))
    const seen = records()
    expect(seen.length).toBe(120)
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(3)
  })
})

describe('spanlog --audit', () => {
  const home = new Folder()
  afterAll(() => home.remove())
  home.write('spanlog.json', JSON.stringify({ audit: 'audit.jsonl', files: ['app.log'] }))
  home.write('app.log', [{ trace_id: TRACE, msg: 'charged' }])

  it('writes to the file of the configuration as well, also where the command line names the sources', async () => {
    const own = path.join(home.path, 'own.jsonl')
    const { code, stdout } = await spanlog(['logs', TRACE, 'app.log', '--audit', own, '--audit-as', 'Ada'], { cwd: home.path })
    expect(stdout).toContain('charged')
    expect(code).toBe(0)
    for (const one of [own, path.join(home.path, 'audit.jsonl')]) {
      expect(JSON.parse(readFileSync(one, 'utf8'))).toMatchObject({ who: 'Ada', asked: 'lines', traceId: TRACE, source: 'app.log' })
    }
  })

  it('asks nothing where it cannot write', async () => {
    const { code, stdout, stderr } = await spanlog(['logs', TRACE, 'app.log', '--audit', 'none/audit.jsonl'], { cwd: home.path })
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/^spanlog: AUDIT_UNWRITABLE: .*none\/audit\.jsonl/)
    expect(existsSync(path.join(home.path, 'none'))).toBe(false)
  })
})
