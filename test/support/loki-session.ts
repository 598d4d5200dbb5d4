import { onTestFinished } from 'vitest'
import type { LokiLogsOptions } from '../../src/logs/loki/options.js'
import { lokiLogs } from '../../src/logs/loki/source.js'
import type { LogQueryOptions } from '../../src/logs/types.js'
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

/** The requests for lines. */
export function pagesOf(double: LokiDouble): LokiDouble['seen'] {
  return double.seen.filter(({ query }) => !query.has('step') && query.has('limit'))
}
