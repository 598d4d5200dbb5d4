import type { SpanContext } from '@opentelemetry/api'
import type { SpanOptions } from '../src/context/span-options.js'
import { type IncomingPolicy, incomingPolicies, withoutDecision } from '../src/context/trust.js'
import { unexpected } from '../src/errors.js'

/** Parent and links of a span for what came from outside and named a trace, or none. */
export function placeOf(remote: SpanContext | undefined, policy: IncomingPolicy = 'continue'): Pick<SpanOptions, 'parent' | 'links'> {
  if (remote === undefined) return { parent: null }
  if (policy === 'link') return { parent: null, links: [{ context: remote }] }
  return { parent: policy === 'ignore-sampled' ? withoutDecision(remote) : remote }
}

/** @throws SpanlogError INVALID_OPTION */
export function checkIncoming(policy: unknown): void {
  if (policy !== undefined && !incomingPolicies.includes(policy)) throw unexpected('incoming', incomingPolicies.join(' or '), policy)
}
