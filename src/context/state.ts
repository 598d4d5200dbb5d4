import { AsyncLocalStorage } from 'node:async_hooks'
import type { Context } from '@opentelemetry/api'
import type { FieldsSettings } from '../fields/options.js'
import type { RedactSettings } from '../redaction/settings.js'
import type { TraceHeaders } from './headers/formats.js'
import type { Holder } from './holder.js'
import type { HostRule } from './hosts.js'

/** What `configure` sets; see there for each. */
export interface Settings {
  /** Severity numbers are OpenTelemetry's 1-24. */
  mirror: { enabled: boolean; to: 'events' | 'records' | 'both'; minSeverity: number; minRecordSeverity: number; limit: number }
  untracedSampled: boolean
  /** `undefined` leaves it to SPANLOG_FIELDS. */
  fields: FieldsSettings | undefined
  /** `undefined` until they are first asked for: see `headersInUse`. */
  headers: readonly TraceHeaders[] | undefined
  /** The hosts that a trace goes out to; `undefined` is all. */
  propagateTo: HostRule | undefined
  /** What lines and spans hide; `undefined` is nothing. */
  redact: RedactSettings | undefined
}

/** What the process shares, also between two copies of the package, or its CommonJS and another bundle of it. */
interface State {
  /** Carries contexts where the process has no OpenTelemetry context manager. */
  storage: AsyncLocalStorage<Context>
  settings: Settings
  /** Whether the trace IDs that the started SDK makes are random in all bits (set by `startTracing`). */
  randomTraceIds: boolean
  /** Whether `spanlog/register` is at work in this process. */
  registered?: boolean
  /** Causes of own faults that were already warned of. */
  warned: Set<string>
  /** Lines that were not mirrored because their span was full. */
  mirrorDropped: number
  /** Lines that were not mirrored because they could not be read, or a span or log exporter threw. */
  mirrorUnreadable: number
  /** Of what others began, a request or a span, the fields that `addFields` put there; whether there are any. */
  held: WeakMap<object, Holder>
  heldByOthers: boolean
  /** Counts how often `addFields` changed a context: what was made of one may be out of date. */
  fieldsVersion: number
}

const key = Symbol.for('spanlog.1')
const shared = globalThis as { [key]?: State }

export const state: State = (shared[key] ??= {
  storage: new AsyncLocalStorage<Context>(),
  settings: {
    mirror: { enabled: true, to: 'events', minSeverity: 9, minRecordSeverity: 9, limit: 64 },
    untracedSampled: false,
    fields: undefined,
    headers: undefined,
    propagateTo: undefined,
    redact: undefined,
  },
  randomTraceIds: false,
  warned: new Set(),
  mirrorDropped: 0,
  mirrorUnreadable: 0,
  held: new WeakMap(),
  heldByOthers: false,
  fieldsVersion: 0,
})
