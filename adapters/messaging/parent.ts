import type { Link, SpanContext } from '@opentelemetry/api'
import type { Carrier } from '../../src/context/carrier.js'
import type { IncomingPolicy } from '../../src/context/trust.js'
import { extractTrace } from '../../src/context/wire.js'
import { placeOf } from '../incoming.js'

/** What a batch belongs to: the one trace that all of its messages name, and links to the others, or to each of several. */
export interface Origin {
  parent: SpanContext | null
  links: Link[]
}

/** Messages of one trace: that one, with links to those after the first. Of several: a new one, with a link to each. */
export function originOf(carriers: readonly (Carrier | undefined)[]): Origin {
  const traces = carriers.map((carrier) => extractTrace(carrier)).filter((trace) => trace !== undefined)
  const [first, ...rest] = traces
  if (first === undefined) return { parent: null, links: [] }
  const one = traces.length === carriers.length && rest.every(({ traceId }) => traceId === first.traceId)
  return { parent: one ? first : null, links: (one ? rest : traces).map((context) => ({ context })) }
}

/** The same where the trace that came in is trusted by a policy. */
export function trustedOrigin({ parent, links }: Origin, policy: IncomingPolicy | undefined): Origin {
  const place = placeOf(parent ?? undefined, policy)
  return { parent: place.parent ?? null, links: [...(place.links ?? []), ...links] }
}
