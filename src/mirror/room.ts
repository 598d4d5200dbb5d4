import type { Span } from '@opentelemetry/api'
import { state } from '../context/state.js'

// One number per span and map, since this runs on each line; shared by the copies of the package, as the span is.
const { mirrorEvents: events, mirrorLeftOut: dropped } = state

/** How many more events the mirror may put on a span. */
export function room(span: Span, limit: number): number {
  return limit - (events.get(span) ?? 0)
}

export function countEvents(span: Span, added: number): void {
  events.set(span, (events.get(span) ?? 0) + added)
}

/** Counts a line that a full span leaves out, on the span itself (nobody tells us before it ends) and for the process. */
export function countDropped(span: Span): void {
  const count = (dropped.get(span) ?? 0) + 1
  dropped.set(span, count)
  state.mirrorDropped++
  span.setAttribute('spanlog.dropped_log_events', count)
}
