import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { type Evaluate, policiesOf, type TailPolicy } from './policies.js'

/** What is kept of the traces that are recorded, and how much memory that may take. */
export interface TailSamplingOptions {
  /** A trace of which one of these holds is kept; the others are dropped. */
  keep: readonly TailPolicy[]
  /** A trace of which one of these holds is dropped, whatever `keep` says; not one whose caller has sampled it. */
  drop?: readonly TailPolicy[]
  /**
   * What the services that are called from here are told while nothing is decided. `unsampled`: by their parent-based samplers they record
   * nothing, so that of a kept trace this process's part alone is stored, unless they sample by the tail as well. `sampled`: they record
   * and export all of it, so that kept traces are whole, and pieces of dropped ones are stored.
   *
   * @defaultValue 'unsampled'
   */
  propagate?: 'unsampled' | 'sampled'
  /** How long spans that outlive the local root are waited for, in milliseconds; 0 decides when it ends. @defaultValue 1_000 */
  graceMs?: number
  /** A trace whose local root has not ended is decided on after so many milliseconds. @defaultValue 60_000 */
  timeoutMs?: number
  /** Traces that wait for their decision; past that the oldest is decided on early, and counted. @defaultValue 50_000 */
  maxTraces?: number
  /** Spans kept of one trace; further ones are counted, and their number stands on the local root. @defaultValue 10_000 */
  maxSpansPerTrace?: number
  /**
   * Estimated bytes of the spans that wait for a decision; past that the oldest trace is decided on early, and counted. As many again may
   * wait for each exporter; what does not fit is lost, and counted.
   *
   * @defaultValue 67_108_864
   */
  maxBytes?: number
  /** Decisions that are remembered for late spans. @defaultValue 10_000 kept and 50_000 dropped */
  maxDecisions?: { kept?: number; dropped?: number }
}

export interface TailSettings {
  keep: Evaluate
  drop: Evaluate
  propagate: 'unsampled' | 'sampled'
  graceMs: number
  timeoutMs: number
  maxTraces: number
  maxSpansPerTrace: number
  maxBytes: number
  maxKept: number
  maxDropped: number
}

export const tailOptionNames = [
  'keep',
  'drop',
  'propagate',
  'graceMs',
  'timeoutMs',
  'maxTraces',
  'maxSpansPerTrace',
  'maxBytes',
  'maxDecisions',
] as const satisfies readonly (keyof TailSamplingOptions)[]

/**
 * @param where - what the options are called
 * @throws SpanlogError INVALID_OPTION
 */
export function tailSettings(options: TailSamplingOptions, where = 'tailSampling'): TailSettings {
  if (typeof options !== 'object' || options === null) throw unexpected(where, 'an object', options)
  refuseUnknownOptions(where, options, tailOptionNames)
  const { keep, drop = [], propagate = 'unsampled', graceMs = 1_000, maxDecisions = {}, ...rest } = options
  const { timeoutMs = 60_000, maxTraces = 50_000, maxSpansPerTrace = 10_000, maxBytes = 67_108_864 } = rest
  if (propagate !== 'unsampled' && propagate !== 'sampled') throw unexpected('propagate', "'unsampled' or 'sampled'", propagate)
  if (!(Number.isFinite(graceMs) && graceMs >= 0 && graceMs < 2 ** 31))
    throw unexpected('graceMs', 'a number, 0 or more, at most 2147483647', graceMs)
  if (typeof maxDecisions !== 'object' || maxDecisions === null) throw unexpected('maxDecisions', 'an object', maxDecisions)
  refuseUnknownOptions('maxDecisions', maxDecisions, ['kept', 'dropped'])
  const { kept: maxKept = 10_000, dropped: maxDropped = 50_000 } = maxDecisions
  const counts = {
    timeoutMs,
    maxTraces,
    maxSpansPerTrace,
    maxBytes,
    'maxDecisions.kept': maxKept,
    'maxDecisions.dropped': maxDropped,
  }
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isSafeInteger(value) && value > 0)) throw unexpected(name, 'a positive whole number', value)
  }
  return {
    keep: policiesOf('keep', keep, { mayLimit: true }),
    drop: policiesOf('drop', drop, { mayLimit: false }),
    propagate,
    graceMs,
    timeoutMs,
    maxTraces,
    maxSpansPerTrace,
    maxBytes,
    maxKept,
    maxDropped,
  }
}
