import { expect, onTestFinished, vi } from 'vitest'
import type { LokiLogsOptions } from '../../src/logs/loki/options.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import type { LogQueryOptions, LogSource } from '../../src/logs/types.js'
import { type LokiDouble, type LokiDoubleOptions, startLokiDouble } from './loki-double/server.js'
import { TRACE } from './loki-lines.js'

/** A double that lasts as long as the test. */
export async function loki(options: LokiDoubleOptions = {}): Promise<LokiDouble> {
  const double = await startLokiDouble(options)
  onTestFinished(() => double.close())
  return double
}

/** The lines of `TRACE`. */
export async function collect(double: LokiDouble, window: LogQueryOptions = {}, options: Partial<LokiLogsOptions> = {}) {
  const { entries, verdict } = await lokiLogs({ url: double.url, ...options })
    .forTrace(TRACE, window)
    .collect()
  return { entries, verdict, lines: entries.map(({ line }) => line), codes: verdict.reasons.map(({ code }) => code) }
}

/** Follows `TRACE` until a line has come over a websocket; one that a query brings may come before it. */
export async function readOverSocket(double: LokiDouble, source: LogSource): Promise<boolean> {
  async function push(): Promise<void> {
    await vi.waitFor(() => expect(double.tails.size).toBe(2), { timeout: 60_000 })
    double.push({ app: 'shop' }, [[BigInt(Date.now()) * 1_000_000n, `trace_id=${TRACE} new`]])
  }
  const pushed = push()
  for await (const item of source.follow?.(TRACE, { from: '1h' }) ?? []) if ('line' in item && item.line.endsWith(' new')) break
  await pushed
  return true
}

/** The requests for lines. */
export function pagesOf(double: LokiDouble): LokiDouble['seen'] {
  return double.seen.filter(({ query }) => !query.has('step') && query.has('limit'))
}
