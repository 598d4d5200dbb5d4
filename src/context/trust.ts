import type { SpanContext } from '@opentelemetry/api'
import { tracerProvider } from './active.js'
import { reportFault } from './fault.js'
import { state } from './state.js'
import { SAMPLED } from './traceparent.js'

/**
 * What is made of the trace that a request from outside names: it goes on; a new one begins, with a link to it; or it goes on by its ID
 * alone, and whether it is sampled is decided here.
 */
export type IncomingPolicy = 'continue' | 'link' | 'ignore-sampled'

export const incomingPolicies: readonly unknown[] = ['continue', 'link', 'ignore-sampled'] satisfies IncomingPolicy[]

const maxRoutes = 200
const shared = state as typeof state & { decidedHere?: WeakSet<SpanContext>; untraced?: Map<string, number> }
const decidedHere = (shared.decidedHere ??= new WeakSet())
const untraced = (shared.untraced ??= new Map())

/** A trace from outside without its decision. A sampler that does not know of this takes it for unsampled: it fails closed. */
export function withoutDecision(remote: SpanContext): SpanContext {
  const sampled = tracerProvider() === undefined && state.settings.untracedSampled
  const own = { ...remote, traceFlags: (remote.traceFlags & ~SAMPLED) | (sampled ? SAMPLED : 0) }
  decidedHere.add(own)
  return own
}

/** Whether the decision on a parent's trace is to be made here, as for one that begins here. */
export function isDecidedHere(parent: SpanContext | undefined): boolean {
  return parent !== undefined && decidedHere.has(parent)
}

/** Counts a request that named no trace; from the 201st route on together. */
export function countUntraced(route: string, required: boolean): void {
  const key = untraced.has(route) || untraced.size < maxRoutes ? route : 'others'
  untraced.set(key, (untraced.get(key) ?? 0) + 1)
  if (required) reportFault(`a request named no trace, where one is required: ${key}`)
}

export function untracedRequests(): Record<string, number> {
  return Object.fromEntries(untraced)
}
