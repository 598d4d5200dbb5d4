import { afterAll, describe, expect, it } from 'vitest'
import { otlp } from '../support/otlp.js'
import { startZipkinDouble } from '../support/zipkin-double.js'
import { Folder, spanlog } from './spanlog.js'
import { request } from './traffic.js'

const folder = new Folder()
afterAll(() => folder.remove())

const four = 1_795_233_600_000_000_000n
const batch = request(four, { queryMs: 20 })
const failed = request(four + 9_000_000_000n, { queryMs: 20, fails: true })
const [root] = batch
root!.links.push(
  { traceId: failed[0]!.traceId, spanId: failed[0]!.spanId, attributes: { 'messaging.message.id': 'm1' } },
  { traceId: '0'.repeat(32), spanId: '0'.repeat(16), attributes: {} },
  { traceId: 'f'.repeat(32), spanId: '1'.repeat(16), attributes: {} },
)
// What the batch caused, and what that caused in turn.
const effect = request(four + 60_000_000_000n, { queryMs: 20 })
effect[0]!.links.push({ traceId: batch[1]!.traceId, spanId: batch[1]!.spanId, attributes: {} })
const late = request(four + 120_000_000_000n, { queryMs: 20 })
late[0]!.links.push({ traceId: effect[0]!.traceId, spanId: effect[0]!.spanId, attributes: {} })
const spans = folder.write('spans.jsonl', [otlp(...batch), otlp(...failed), otlp(...late), otlp(...effect)])
const id = root!.traceId
const budget = folder.write(
  'budget.json',
  JSON.stringify({
    operations: [
      { service: 'orders', p95Ms: 25 },
      { service: 'gateway', kind: 'server', maxMs: 100 },
    ],
  }),
)

describe('spanlog trace', () => {
  it.each([
    [
      'marks spans against their budgets',
      ['--budget', budget],
      [
        '1 of 3 spans that have a budget took longer.',
        '✓ within its budget: maxMs allows 100ms',
        '! over its budget: 30.0ms, p95Ms allows 25.0ms',
      ],
    ],
    [
      'shows attributes and links',
      ['--attributes'],
      ['db.query.text', 'SELECT 1', `link to trace ${failed[0]!.traceId} span ${failed[0]!.spanId}`, 'messaging.message.id m1'],
    ],
    ['stops at a depth', ['--depth', '1'], ['2 spans below']],
    ['shows one service', ['--service', 'orders'], ['orders POST /orders']],
    ['says that nothing failed', ['--only', 'errors'], ['… 4 spans not shown']],
  ])('%s', async (_name, args, expected) => {
    const { stdout, code } = await spanlog(['trace', id, spans, ...args])
    for (const text of expected) expect(stdout).toContain(text)
    expect(code).toBe(0)
  })

  it('says that clocks disagree, and draws what it guesses when it is asked to', async () => {
    const hour = 3_600_000_000_000n
    const skewed = request(four, {})
    for (const one of skewed.filter(({ service }) => service === 'orders')) {
      one.startUnixNano += hour
      one.endUnixNano += hour
    }
    const args = ['trace', skewed[0]!.traceId, folder.write('skewed.jsonl', [otlp(...skewed)])]
    expect((await spanlog(args)).stdout).toContain('Clocks disagree: that of orders is some 1h 00m ahead of its caller’s. --adjust')
    const adjusted = (await spanlog([...args, '--adjust'])).stdout
    expect(adjusted).toMatch(/^[0-9a-f]{32} {2}50\.0ms {2}4 spans/)
    expect(adjusted).not.toContain('Clocks')
  })

  it('follows links both ways, and says which trace is not there', async () => {
    const { stdout, stderr, code } = await spanlog(['trace', id, spans, '--links'])
    expect(stdout).toContain(`Linked from ${id}:\n${failed[0]!.traceId}`)
    expect(stdout).toContain('The error began in orders "SELECT shop" (deadlock) and reached gateway "POST')
    expect(stderr.split('\n')).toMatchObject(
      [
        /^4 spans, /,
        expect.stringContaining(`linked ${failed[0]!.traceId}: 4 spans`),
        expect.stringContaining(`linked ${'f'.repeat(32)}: no spans`),
        expect.stringContaining(`links here ${effect[0]!.traceId}: 4 spans`),
        expect.stringContaining(`links here ${late[0]!.traceId}: 4 spans`),
        '',
      ].map((part) => (part instanceof RegExp ? expect.stringMatching(part) : part)),
    )
    expect(code).toBe(0)
    const documents = (await spanlog(['trace', id, spans, '--links', '--json'])).stdout
    expect(documents.match(/^\{"trace":/gm)).toHaveLength(5)
  })

  it('shows of an effect its cause, and not what else that caused', async () => {
    const { stdout, stderr } = await spanlog(['trace', effect[0]!.traceId, spans, '--links'])
    expect(stdout).toContain(`Linked from ${effect[0]!.traceId}:\n${id}`)
    expect(stdout).toContain(`Links to ${effect[0]!.traceId}:\n${late[0]!.traceId}`)
    // The cause's own causes are causes as well.
    expect(stdout).toContain(`Linked from ${id}:\n${failed[0]!.traceId}`)
    expect(stderr.match(/links here/g)).toHaveLength(1)
  })

  it('says where a store cannot search by links', async () => {
    const zipkin = await startZipkinDouble()
    zipkin.push(otlp(...batch))
    const { stdout, stderr } = await spanlog(['trace', id, '--zipkin', zipkin.url, '--links'])
    await zipkin.close()
    expect(stdout).toContain(id)
    expect(stderr).toContain(
      'links: search has no `linkedTo` for Zipkin, which cannot search by links; ask a store that can: Tempo, or files. (INVALID_OPTION)',
    )
  })

  it.each([
    ['another filter than errors', ['--only', 'warnings'], 'Expected `--only` to be `errors`'],
    ['a depth that is none', ['--depth', 'deep'], 'Expected `--depth`'],
    ['budgets that are none', ['--budget', folder.write('none.json', '{}')], 'Expected `budgets`'],
  ])('refuses %s', async (_name, args, message) => {
    const { stderr, code } = await spanlog(['trace', id, spans, ...args])
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})
