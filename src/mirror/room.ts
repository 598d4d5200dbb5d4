import type { Span } from '@opentelemetry/api'
import { state } from '../context/state.js'
import type { UnreadLines } from './unread.js'

/** What the mirror keeps of a span. */
interface Mirrored {
  /** The events that lines became. */
  events: number
  /** The lines that found it full. */
  leftOut: number
  /** Those that are no events yet. */
  unread: UnreadLines | undefined
}

// On the span itself, where it goes with it, and the copies of the package share it: a weak map costs two microseconds a span.
const key = Symbol.for('spanlog.mirrored')

export function mirroredOn(span: Span): Mirrored {
  return ((span as { [key]?: Mirrored })[key] ??= { events: 0, leftOut: 0, unread: undefined })
}

/** How many more events the mirror may put on a span. */
export function room(span: Span): number {
  const { events, unread } = mirroredOn(span)
  return state.settings.mirror.limit - events - (unread === undefined ? 0 : unread.lines.length)
}

/** Counts a line that a full span leaves out, on the span itself (nobody tells us before it ends) and for the process. */
export function countLeftOut(span: Span): void {
  state.mirrorDropped++
  span.setAttribute('spanlog.dropped_log_events', ++mirroredOn(span).leftOut)
}
