import { unexpected } from '../../errors.js'
import { withOldNames } from '../../semantics/old-names.js'
import { type Changes, changedSpan } from './changed-span.js'
import { stage } from './stage.js'
import type { SpanStage } from './types.js'

/**
 * Writes the names that attributes had before OpenTelemetry's semantic conventions became stable (`http.method`, `db.statement`, …), for
 * dashboards and alerts that still ask for them: beside today's, or in their place. Of `rpc.method`, whose meaning has changed, the
 * old one is written in both cases.
 *
 * @throws SpanlogError INVALID_OPTION
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 * @example
 * ```ts
 * startTracing({ serviceName: 'orders', processors: [oldAttributeNames('both')] })
 * ```
 */
export function oldAttributeNames(mode: 'both' | 'old'): SpanStage {
  if (mode !== 'both' && mode !== 'old') throw unexpected('mode', "'both' or 'old'", mode)
  const changes: Changes = {
    attributes: ({ attributes, kind }) => withOldNames(attributes, kind, mode),
    events: ({ events }) =>
      events.map((event) =>
        event.attributes === undefined ? event : { ...event, attributes: withOldNames(event.attributes, undefined, mode) },
      ),
  }
  return stage('oldAttributeNames', { ends: (span) => changedSpan(span, changes) })
}
