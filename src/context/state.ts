import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context } from '@opentelemetry/api'

/** What `configure` sets; see there for each. */
export interface Settings {
  /** Severity numbers are OpenTelemetry's 1-24. */
  mirror: { enabled: boolean; minSeverity: number; limit: number }
  untracedSampled: boolean
}

/** What the process shares, also between two copies of the package, or its CommonJS and another bundle of it. */
interface State {
  /** Carries contexts where the process has no OpenTelemetry context manager. */
  storage: AsyncLocalStorage<Context>
  settings: Settings
  /** Whether the trace IDs that the started SDK makes are random in all bits (set by `startTracing`). */
  randomTraceIds: boolean
  /** Causes of own faults that were already warned of. */
  warned: Set<string>
  /** Of each span, the events that mirrored lines are, and the lines that a full span left out. Weak: they go with the span. */
  mirrorEvents: WeakMap<object, number>
  mirrorLeftOut: WeakMap<object, number>
  /** Lines that were not mirrored because their span was full. */
  mirrorDropped: number
}

const key = Symbol.for('spanlog.1')
const shared = globalThis as { [key]?: State }

export const state: State = (shared[key] ??= {
  storage: new AsyncLocalStorage<Context>(),
  settings: { mirror: { enabled: true, minSeverity: 9, limit: 64 }, untracedSampled: false },
  randomTraceIds: false,
  warned: new Set(),
  mirrorEvents: new WeakMap(),
  mirrorLeftOut: new WeakMap(),
  mirrorDropped: 0,
})
