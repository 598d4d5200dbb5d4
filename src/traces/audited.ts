import { type AuditOptions, auditTrail } from '../audit/trail.js'
import { parseTraceId } from '../context/ids.js'
import { unexpected } from '../errors.js'
import type { TraceSource } from './types.js'

export type { AuditOptions }

/**
 * A source that writes down who asks for which traces, before it asks, as `auditedLogs` does for lines. What cannot be written down is not
 * asked: the call throws AUDIT_UNWRITABLE.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const tempo = auditedTraces(tempoTraces({ url }), { file: '/var/log/spanlog/audit.jsonl', source: url })
 * ```
 */
export function auditedTraces(source: TraceSource, audit: AuditOptions): TraceSource {
  const given: Partial<TraceSource> | null | undefined = source
  if (typeof given?.trace !== 'function') throw unexpected('source', 'a TraceSource', source)
  const trail = auditTrail(audit)
  return {
    trace(traceId, query) {
      trail({ asked: 'spans', how: 'trace', traceId: parseTraceId(traceId), query })
      return source.trace(traceId, query)
    },
    search(query) {
      trail({ asked: 'spans', how: 'search', query })
      return source.search(query)
    },
    ...(source.read && {
      read(query) {
        trail({ asked: 'spans', how: 'search', query })
        return source.read!(query)
      },
    }),
  } satisfies TraceSource
}
