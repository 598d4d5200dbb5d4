import { createRemote } from '../../remote/client.js'
import { sourceOf } from '../source.js'
import type { LogSource } from '../types.js'
import { followTrace } from './follow.js'
import { parseVictoriaLogsOptions, type VictoriaLogsOptions } from './options.js'
import { readSearch } from './search.js'
import { readTrace } from './trace.js'

/**
 * All lines of a trace from a VictoriaLogs (1.24 or later), with the proof that none is missing: as many lines in each stretch of time
 * as VictoriaLogs counts there. Found are lines that hold the trace ID in a field or in their text (`_msg`), in hex of either case, as
 * X-Ray writes it, or as Datadog does. An entry's `line` is the `_msg`, its `labels` are the stream's fields, its `metadata` all others.
 *
 * Without `from` and `to` the window is that of the trace's spans where `traces` has them. Else, without `from`, it is the last 7 days;
 * where these hold nothing, it grows to 30, 90 and 365 days. The verdict names the window, which ends now at the latest; a proof holds
 * for that one, for the selector, and for what VictoriaLogs held when it was asked: lines that are still on their way cannot be counted.
 * `maxBytes` is compared with the bytes on disk of all that the selector finds in the window, as `block_stats` tells them: what a query
 * reads at most.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION. A query itself does not throw; its verdict has VICTORIALOGS_UNREACHABLE,
 *   VICTORIALOGS_TIMEOUT, VICTORIALOGS_RATE_LIMITED, VICTORIALOGS_UNAUTHORIZED, VICTORIALOGS_REFUSED, VICTORIALOGS_BAD_ANSWER,
 *   QUERY_TOO_EXPENSIVE or ABORTED as a reason; `follow` throws them
 * @example
 * ```ts
 * const logs = victoriaLogs({ url: 'http://localhost:9428', selector: '{app="shop"}' })
 * const { entries, verdict } = await logs.forTrace('0af7651916cd43dd8448eb211c80319c', { from: '2h' }).collect()
 * for (const { service, message } of entries) console.log(service, message)
 * if (!verdict.complete) console.error(verdict.reasons)
 * ```
 */
export function victoriaLogs(options: VictoriaLogsOptions): LogSource {
  const settings = parseVictoriaLogsOptions(options)
  const access = { remote: createRemote('VICTORIALOGS', settings), settings }
  return sourceOf({
    trace: (request, draft) => readTrace(access, request, draft),
    search: (request, draft) => readSearch(access, request, draft),
    follow: (request) => followTrace(access, request),
  })
}
