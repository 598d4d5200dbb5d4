import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { lokiLogs } from '../../src/logs/loki/source.js'
import type { LogEntry, LogFollowOptions, LogGap } from '../../src/logs/types.js'
import * as faults from '../support/faults.js'
import type { LokiDouble } from '../support/loki-double/server.js'
import { minutesAgo, TRACE } from '../support/loki-lines.js'
import { loki } from '../support/loki-session.js'

const always = { times: Number.POSITIVE_INFINITY }
const nowNano = (): bigint => BigInt(Date.now()) * 1_000_000n

/** What a follower has yielded so far: texts of lines, and codes of gaps. */
interface Followed {
  got: string[]
  gaps: LogGap[]
  stop(): void
  /** Rejects with what it threw. */
  ended: Promise<void>
  holds(...expected: string[]): Promise<void>
}

function follow(double: LokiDouble, options: LogFollowOptions = {}): Followed {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const got: string[] = []
  const gaps: LogGap[] = []
  const source = lokiLogs({ url: double.url, tenant: 'a', retries: 0, timeoutMs: 5000 })
  async function read(): Promise<void> {
    for await (const item of source.follow?.(TRACE, { from: '1h', signal: controller.signal, ...options }) ?? []) {
      if ('gap' in item) {
        gaps.push(item)
        got.push(item.code)
      } else got.push(textOf(item))
    }
  }
  const ended = read()
  ended.catch(() => undefined)
  return {
    got,
    gaps,
    stop: () => controller.abort(),
    ended,
    holds: async (...expected) => {
      await vi.waitFor(() => expect(got).toEqual(expected), { timeout: 60_000 })
    },
  }
}

const textOf = ({ line }: LogEntry): string => line.replace(`trace_id=${TRACE} `, '')
let pushed = 0
function push(double: LokiDouble, ...texts: string[]): void {
  // Not two at one time, whatever the clock's grain.
  double.push(
    { app: 'shop' },
    texts.map((text) => [nowNano() + BigInt(pushed++), `trace_id=${TRACE} ${text}`]),
  )
}
/** The websockets are open, and the query behind their opening has its lines: what comes now, comes by websocket. */
const listening = (double: LokiDouble) =>
  vi.waitFor(
    () => {
      expect(double.tails.size).toBe(2)
      expect(double.seen.filter(({ path }) => path.endsWith('query_range')).length).toBeGreaterThanOrEqual(4)
      expect(double.underWay()).toBe(0)
    },
    { timeout: 60_000 },
  )

describe('following a trace in Loki', () => {
  it('yields what is there, then what is written, each once, and ends with an abort', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [[minutesAgo(5), `trace_id=${TRACE} old`]])
    const followed = follow(double)
    await followed.holds('old')
    await listening(double)
    push(double, 'new')
    // Both websockets find this one.
    double.push({ app: 'shop' }, [[nowNano(), `trace_id=${TRACE} both`, { trace_id: TRACE }]])
    double.push({ app: 'shop' }, [[nowNano(), 'metadata', { trace_id: TRACE }]])
    double.push({ app: 'shop' }, [[nowNano(), 'of no trace']])
    await followed.holds('old', 'new', 'both', 'metadata')
    followed.stop()
    await followed.ended
    await vi.waitFor(() => expect(double.tails.size).toBe(0), { timeout: 60_000 })
  })

  it('begins with `from`', async () => {
    const double = await loki()
    double.push({ app: 'shop' }, [
      [minutesAgo(5), `trace_id=${TRACE} old`],
      [minutesAgo(2), `trace_id=${TRACE} young`],
    ])
    await expect(follow(double, { from: '3m' }).holds('young')).resolves.toBeUndefined()
  })

  it('yields mentions only if asked for', async () => {
    const double = await loki()
    const [without, withThem] = [follow(double), follow(double, { mentions: true })]
    await vi.waitFor(() => expect(double.tails.size).toBe(4), { timeout: 60_000 })
    double.push({ app: 'shop' }, [[nowNano(), `retry of ${TRACE}`]])
    push(double, 'own')
    await without.holds('own')
    await withThem.holds(`retry of ${TRACE}`, 'own')
  })

  it('ends where the caller breaks off', async () => {
    const double = await loki()
    push(double, 'one', 'two')
    for await (const item of lokiLogs({ url: double.url }).follow?.(TRACE, { from: '1h' }) ?? []) {
      expect(item).toMatchObject({ traceId: TRACE })
      break
    }
    await vi.waitFor(() => expect([double.tails.size, double.underWay()]).toEqual([0, 0]), { timeout: 60_000 })
  })

  it.for<[string, (double: LokiDouble) => void]>([
    ['is cut', (double) => double.tails.cut()],
    ['is closed, as Loki does after an hour', (double) => double.tails.close()],
    ['sends what is no JSON', (double) => double.tails.send('\u0000{"streams"')],
    ['sends JSON that is no answer of Loki', (double) => double.tails.send('{"streams":[{"stream":{},"values":[[1,2]]}]}')],
  ])('a websocket that %s is a gap, refilled by a query, and nothing comes twice', async ([, fault]) => {
    const double = await loki()
    const followed = follow(double)
    await listening(double)
    push(double, 'before')
    await followed.holds('before')
    double.tails.isDeaf = true
    push(double, 'missed')
    fault(double)
    double.tails.isDeaf = false
    await followed.holds('before', 'DISCONNECTED', 'missed')
    expect(followed.gaps[0]).toMatchObject({ gap: true, refilled: true, message: expect.stringContaining('websocket') })
    await listening(double)
    push(double, 'after')
    await followed.holds('before', 'DISCONNECTED', 'missed', 'after')
  })

  it('lines that Loki drops are a gap, refilled by a query', async () => {
    const double = await loki()
    const followed = follow(double)
    await listening(double)
    const at = nowNano()
    double.tails.isDeaf = true
    push(double, 'dropped')
    double.tails.isDeaf = false
    double.tails.send(JSON.stringify({ streams: [], dropped_entries: [{ timestamp: String(at), labels: { app: 'shop' } }] }))
    await followed.holds('DROPPED', 'dropped')
    expect(followed.gaps[0]).toMatchObject({ refilled: true, fromUnixNano: at })
    push(double, 'after')
    await followed.holds('DROPPED', 'dropped', 'after')
  })

  it('a refill that is not whole says so', async () => {
    const double = await loki()
    const followed = follow(double)
    await listening(double)
    push(double, 'before')
    await followed.holds('before')
    double.inject(
      (response, honest) => faults.send(response, { ...honest, body: honest.body.replace('{', '{"warnings":["an ingester is down"],') }),
      {
        times: 2,
        on: 'query_range',
      },
    )
    double.tails.cut()
    await followed.holds('before', 'DISCONNECTED')
    expect(followed.gaps[0]).toMatchObject({ refilled: false })
  })

  it('a Loki that is away for a while is asked until it is back; what was written meanwhile follows one gap', async () => {
    const double = await loki()
    const followed = follow(double)
    await listening(double)
    double.tails.refuses = true
    double.inject(faults.refuse(503, 'no ready ingesters'), { times: 3, on: 'query_range' })
    double.tails.isDeaf = true
    push(double, 'meanwhile')
    double.tails.cut()
    await followed.holds('DISCONNECTED', 'meanwhile')
    expect(followed.gaps[0]).toMatchObject({ refilled: true })
  })

  it('without websockets, as behind a proxy that knows none, queries bring the lines', async () => {
    const double = await loki()
    double.tails.refuses = true
    const followed = follow(double)
    push(double, 'one')
    await followed.holds('one')
    push(double, 'two')
    await expect(followed.holds('one', 'two')).resolves.toBeUndefined()
  })

  it.for<[string, faults.Fault, string]>([
    ['a Loki that is away at the beginning', faults.refuse(503, 'no ready ingesters'), 'LOKI_UNREACHABLE'],
    ['wrong credentials', faults.refuse(401, 'who are you'), 'LOKI_UNAUTHORIZED'],
  ])('%s is an error', async ([, fault, code]) => {
    const double = await loki()
    double.inject(fault, { ...always, on: 'query_range' })
    await expect(follow(double).ended).rejects.toMatchObject({ code })
    await vi.waitFor(() => expect(double.tails.size).toBe(0), { timeout: 60_000 })
  })

  it('credentials that end later are an error', async () => {
    const double = await loki()
    const followed = follow(double)
    await listening(double)
    double.inject(faults.refuse(401, 'expired'), { ...always, on: 'query_range' })
    double.tails.cut()
    await expect(followed.ended).rejects.toMatchObject({ code: 'LOKI_UNAUTHORIZED' })
  })

  it('an abort in a pause ends it', async () => {
    const double = await loki()
    double.tails.refuses = true
    const followed = follow(double)
    push(double, 'one')
    await followed.holds('one')
    followed.stop()
    await expect(followed.ended).resolves.toBeUndefined()
  })

  it.for<[string, unknown, object, string]>([
    ['a trace ID that is none', 'abc', {}, 'INVALID_TRACE_ID'],
    ['a time that is none', TRACE, { from: 'yesterday' }, 'INVALID_TIME'],
    ['an end, which it has not', TRACE, { to: '1h' }, 'INVALID_OPTION'],
  ])('refuses %s at the call', async ([, id, options, code]) => {
    const source = lokiLogs({ url: 'http://127.0.0.1:1' })
    expect(() => source.follow?.(id as string, options)).toThrow(expect.objectContaining({ code }))
  })
})
