import type { Link, SpanContext } from '@opentelemetry/api'
import type { Carrier } from '../../src/context/carrier.js'
import { extractTrace } from '../../src/context/wire.js'

/**
 * The trace that a batch belongs to. Messages of one trace: that one, with links to those after the first. Of several: a new one, with
 * a link to each.
 */
export function parentOf(carriers: readonly (Carrier | undefined)[]): { parent: SpanContext | null; links: Link[] } {
  const traces = carriers.map((carrier) => extractTrace(carrier)).filter((trace) => trace !== undefined)
  const [first, ...rest] = traces
  if (first === undefined) return { parent: null, links: [] }
  const one = traces.length === carriers.length && rest.every(({ traceId }) => traceId === first.traceId)
  return { parent: one ? first : null, links: (one ? rest : traces).map((context) => ({ context })) }
}
