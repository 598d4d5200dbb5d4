import { createRemote } from '../../remote/client.js'
import { sourceOf } from '../source.js'
import type { LogSource } from '../types.js'
import { followTrace } from './follow.js'
import { type LokiLogsOptions, parseLokiOptions } from './options.js'
import { readSearch } from './search.js'
import { readTrace } from './trace.js'

/**
 * All lines of a trace from a Loki, with the proof that none is missing: by Loki's statistics, or by as many lines in each stretch of
 * time as Loki counts there. Found are lines whose structured metadata, labels or text hold the trace ID, in hex of either case, as
 * X-Ray writes it, or as Datadog does.
 *
 * Without `from` and `to` the window is that of the trace's spans where `traces` has them, else it begins an hour before the time that the
 * ID seems to tell, as X-Ray's, Datadog's and UUIDs of version 7 do. Else, without `from`, or where nothing is found there, it is the last 7 days;
 * where these hold nothing, it grows to 30, 90 and 365 days, as far as Loki looks back and as long as its estimate stays below `maxBytes`,
 * or 10 GB, and until that has taken 20 s. A narrower `from` is cheaper, since Loki scans the whole window. Without `to` lines of clocks up to 10 minutes ahead are found too. The verdict names the window, which ends
 * now at the latest; a proof holds for that one, for the selector, and for what Loki held when it was asked: lines that are still on
 * their way cannot be counted. A line that holds the ID but does not show whose it is leaves the trace unproven (LINES_SKIPPED).
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION. A query itself does not throw; its verdict has LOKI_UNREACHABLE, LOKI_TIMEOUT,
 *   LOKI_RATE_LIMITED, LOKI_UNAUTHORIZED, LOKI_REFUSED, LOKI_BAD_ANSWER, QUERY_TOO_EXPENSIVE or ABORTED as a reason; `follow` throws
 *   them
 * @example
 * ```ts
 * const loki = lokiLogs({ url: 'http://localhost:3100', selector: '{service_name=~"shop-.+"}' })
 * const { entries, verdict } = await loki.forTrace('0af7651916cd43dd8448eb211c80319c', { from: '2h' }).collect()
 * for (const { service, message } of entries) console.log(service, message)
 * if (!verdict.complete) console.error(verdict.reasons)
 * ```
 */
export function lokiLogs(options: LokiLogsOptions): LogSource {
  const settings = parseLokiOptions(options)
  const access = { loki: createRemote('LOKI', settings), settings }
  return sourceOf({
    trace: (request, draft) => readTrace(access, request, draft),
    search: (request, draft) => readSearch(access, request, draft),
    follow: (request) => followTrace(access, request),
  })
}
