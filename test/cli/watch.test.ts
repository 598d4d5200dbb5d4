import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sentenceOf } from '../../src/view/budget-reports.js'
import { type HttpDouble, startHttpDouble } from '../support/http-double.js'
import { otlp } from '../support/otlp.js'
import { startProxy } from '../support/proxy.js'
import { Folder, spanlog } from './spanlog.js'
import { request } from './traffic.js'

const folder = new Folder()
let hook: HttpDouble
beforeAll(async () => {
  hook = await startHttpDouble(() => ({ status: 200, type: 'text/plain', body: 'ok' }))
})
afterAll(async () => {
  await hook.close()
  folder.remove()
})

const budget = folder.write('budget.json', JSON.stringify({ operations: [{ service: 'gateway', kind: 'server', maxMs: 200 }] }))
const now = () => BigInt(Date.now()) * 1_000_000n - 1_000_000_000n
const line = (spans: ReturnType<typeof request>, msg: string) =>
  `${JSON.stringify({ level: 50, time: Date.now(), name: 'orders', trace_id: spans[0]!.traceId, span_id: spans[0]!.spanId, msg })}\n`

/** Requests that begin now and go on for so many seconds, three each second. */
function requests(seconds: number, queryMs: number): ReturnType<typeof request>[] {
  return Array.from({ length: 3 * seconds }, (_, i) => request(now() + BigInt(i) * 333_000_000n, { queryMs }))
}

interface Meanwhile {
  env?: Record<string, string>
  meanwhile?: () => void
}

/** Runs a watch until its output, on either side, holds what ends it. */
function watched(spans: string, args: string[], end: RegExp, { env = {}, meanwhile = () => {} }: Meanwhile = {}) {
  return spanlog(['watch', '-f', spans, '--budget', budget, '--every', '100ms', ...args], {
    env,
    during: (child) => {
      let seen = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text: string) => {
          if (seen === '') meanwhile()
          seen += text
          if (end.test(seen)) child.kill('SIGINT')
        })
      }
    },
  })
}

describe('spanlog watch', () => {
  it('tells once that a limit broke and once that it is over, with the trace and its lines, to a webhook and a command', async () => {
    const slow = requests(4, 400)
    const spans = folder.write(
      'live/spans.jsonl',
      [...slow, ...requests(90, 20)].map((one) => otlp(...one)),
    )
    const hostile = '$(touch /tmp/spanlog-owned) `id` \u001b[2J'
    const lines = folder.write('live/orders.log', slow.map((one) => line(one, hostile)).join(''))
    const program = folder.write('page.sh', `#!/bin/sh\nprintf '%s|' "$@" >> '${folder.path}/argv'\ncat >> '${folder.path}/stdin'\n`)
    chmodSync(program, 0o755)
    const action = ['--webhook', `${hook.url}/alarm`, '--exec', program, '--exec-arg', 'team a', '--exec-arg', '$HOME']
    const { stdout, stderr, code } = await watched(spans, ['-f', lines, '--window', '5s', ...action], /over after/)
    const [broken = '', over = '', ...more] = stdout.split('\n')
    expect(broken).toMatch(/UTC ✗ gateway POST \/checkout \(server\): maxMs is 430 ms, at most 200 ms allowed, of \d+; see 7ab[\da-f]{29}$/)
    expect(over).toMatch(
      /UTC ✓ over after \d[\d.]*m?s: gateway POST \/checkout \(server\): maxMs is 50 ms, at most 200 ms allowed, of \d+$/,
    )
    expect(more).toEqual([''])
    expect(stderr).toBe('')
    expect(code).toBe(130)

    const alarms = hook.seen.map(({ body }) => JSON.parse(body))
    const { traceId } = alarms[0].result
    expect(alarms.map(({ event }) => event)).toEqual(['broken', 'over'])
    expect(slow.map(([root]) => root!.traceId)).toContain(traceId)
    expect(alarms[0]).toMatchObject({
      result: { limit: 'maxMs', actual: 430 },
      trace: { traceId },
      entries: [{ message: hostile, traceId }],
      verdict: { complete: true },
    })
    expect(alarms[0].trace.spans).toHaveLength(4)
    expect(readFileSync(`${folder.path}/stdin`, 'utf8')).toBe(hook.seen.map(({ body }) => body).join(''))
    expect(readFileSync(`${folder.path}/argv`, 'utf8')).toBe('team a|$HOME|team a|$HOME|')
    expect(existsSync('/tmp/spanlog-owned')).toBe(false)
  })

  it('calls a webhook through the proxy of the environment, with the credentials of its URL', async () => {
    const proxy = await startProxy()
    const spans = folder.write('proxied/spans.jsonl', [otlp(...request(now(), { queryMs: 400 }))])
    const asked = hook.seen.length
    const action = ['--webhook', `${hook.url.replace('//', '//team%20a:secret@')}/proxied`]
    await watched(spans, action, /maxMs is 430 ms/, { env: { http_proxy: proxy.url } })
    expect(proxy.asked.map(({ what }) => what)).toEqual([`POST ${hook.url}/proxied`])
    const [{ headers, path } = { headers: {}, path: '' }] = hook.seen.slice(asked)
    expect({ path, authorization: headers['authorization'] }).toEqual({
      path: '/proxied',
      authorization: `Basic ${btoa('team a:secret')}`,
    })
  })

  it('asks no store for the lines of an alarm that nobody is called with', async () => {
    const spans = folder.write('alone/spans.jsonl', [otlp(...request(now(), { queryMs: 400 }))])
    const loki = await startHttpDouble(() => ({ status: 500, type: 'text/plain', body: 'slow' }))
    const { stdout } = await watched(spans, ['--loki', loki.url], /maxMs is 430 ms/)
    await loki.close()
    expect(stdout).toMatch(/^[^\n]* ✗ gateway POST \/checkout \(server\): maxMs is 430 ms[^\n]*\n$/)
    expect(loki.seen).toEqual([])
  })

  it('keeps the slowest and the failed traces of an incident, which every command can read again', async () => {
    const failed = request(now(), { queryMs: 1, fails: true })
    const slow = request(now(), { queryMs: 400 })
    const spans = folder.write('kept/spans.jsonl', [otlp(...failed), otlp(...slow)])
    const lines = folder.write('kept/orders.log', line(failed, 'deadlock') + line(slow, 'waiting'))
    const target = `${folder.path}/incidents`
    const { stderr } = await watched(spans, ['-f', lines, '--collect', target], / kept in .*\n/)
    const [incident = ''] = readdirSync(target)
    expect(stderr).toBe(`spanlog: 2 traces kept in ${target}/${incident}\n`)
    expect(readdirSync(`${target}/${incident}`)).toHaveLength(4)
    const again = await spanlog(['trace', failed[0]!.traceId, `${target}/${incident}`])
    expect(again.stdout).toContain('✗ SELECT shop')
    expect(again.stdout).toContain('ERROR deadlock')
    expect(again.stderr).toMatch(/^4 spans, 1 line.*, complete/)
  })

  it('tells that a service fell silent', async () => {
    const spans = folder.write(
      'silent/spans.jsonl',
      requests(3, 20).map((one) => otlp(...one)),
    )
    const { stdout } = await watched(spans, ['--silent-after', '1500ms', '--json'], /\n.*\n/)
    const events = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text))
    expect(events.map(({ event, result }) => `${event} ${result.limit} ${result.service}`).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'broken silentMs gateway',
      'broken silentMs orders',
    ])
  })

  it('says that it sees no traces, and of silence in words', async () => {
    const none = folder.write('quiet/spans.jsonl', [otlp(...request(now() - 3_600_000_000_000n, {}))])
    const { stderr } = await watched(none, ['--window', '20s'], /no traces/)
    expect(stderr).toMatch(/^spanlog: [^\n]* UTC: no traces of the last 20s: nothing is held to its limits\n$/)
    const result = { limit: 'silentMs', service: 'mail', allowed: 60_000, sample: 0 }
    expect(sentenceOf({ ...result, outcome: 'broken', actual: 90_000 })).toBe('mail has sent no span for 1m 30s, at most 1m 00s allowed')
    expect(sentenceOf({ ...result, outcome: 'kept', actual: 1500 })).toBe(
      'mail sends spans again, the last one 1.50s ago, at most 1m 00s allowed',
    )
  })

  it('goes on where the traces cannot be read, and where a webhook and a command fail', async () => {
    const spans = `${folder.path}/late.jsonl`
    const action = ['--webhook', 'http://127.0.0.1:9/', '--exec', '/nowhere/page']
    const { stdout, stderr } = await watched(spans, action, /the command did not start/, {
      meanwhile: () => writeFileSync(spans, `${JSON.stringify(otlp(...request(now(), { queryMs: 400 })))}\n`),
    })
    expect(stderr).toMatch(
      /^spanlog: [^\n]* UTC: FILE_UNREADABLE: [^\n]*\nspanlog: the webhook was not reached: connect ECONNREFUSED 127\.0\.0\.1:9\nspanlog: the command did not start: spawn \/nowhere\/page ENOENT\n$/,
    )
    expect(stdout).toContain('✗ gateway POST /checkout')
  })

  it.each([
    ['no limits', ['watch'], 'Expected --budget or --baseline, got neither'],
    ['a webhook that is no URL, without showing it', ['watch', '--budget', budget, '--webhook', 'token:secret'], 'Expected `--webhook`'],
    ['arguments without a program', ['watch', '--budget', budget, '--exec-arg', 'x'], 'Expected `--exec-arg`'],
    ['a time that is none', ['watch', '--budget', budget, '--every', 'often'], 'Expected `--every`'],
  ])('refuses %s', async (_name, args, message) => {
    const { stderr, code } = await spanlog(args)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(2)
  })
})
