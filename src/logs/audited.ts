import { type AuditOptions, auditTrail } from '../audit/trail.js'
import { parseTraceId } from '../context/ids.js'
import { unexpected } from '../errors.js'
import type { LogSource } from './types.js'

export type { AuditOptions }

/**
 * A source that writes down who asks for which lines, before it asks: one line of JSON each, appended to a file that processes may share.
 * What cannot be written down is not asked: the call throws AUDIT_UNWRITABLE.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const loki = auditedLogs(lokiLogs({ url }), { file: '/var/log/spanlog/audit.jsonl', source: url, who: session.user })
 * await loki.forTrace(traceId).collect()
 * // {"time":"2026-11-21T10:00:00.000Z","who":"ada","user":"shop","host":"web-1","pid":7,"asked":"lines","how":"trace","traceId":"…","source":"…"}
 * ```
 */
export function auditedLogs(source: LogSource, audit: AuditOptions): LogSource {
  const given: Partial<LogSource> | null | undefined = source
  if (typeof given?.forTrace !== 'function') throw unexpected('source', 'a LogSource', source)
  const trail = auditTrail(audit)
  return {
    forTrace(traceId, query) {
      trail({ asked: 'lines', how: 'trace', traceId: parseTraceId(traceId), query })
      return source.forTrace(traceId, query)
    },
    search(query) {
      trail({ asked: 'lines', how: 'search', query })
      return source.search(query)
    },
    ...(source.follow && {
      follow(traceId, query) {
        trail({ asked: 'lines', how: 'follow', traceId: parseTraceId(traceId), query })
        return source.follow!(traceId, query)
      },
    }),
  } satisfies LogSource
}
