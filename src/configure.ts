import { state } from './context/state.js'
import { refuseUnknownOptions, unexpected } from './errors.js'
import { severityOfName } from './fields/severity.js'

/** How log lines become span events. */
export interface MirrorOptions {
  /** Lines below this level are not mirrored. @defaultValue 'info' */
  level?: string
  /** Lines mirrored on one span; further ones are counted on the span. The SDK itself drops the oldest event past 128. @defaultValue 64 */
  limit?: number
}

/** What `configure` takes. */
export interface SpanlogOptions {
  /** Mirror log lines as events of the active recording span; `false` turns it off. */
  mirror?: MirrorOptions | boolean
  /**
   * The sampled flag of a trace that begins in a process without a tracing SDK. `false` says the truth, that nothing was
   * recorded here, and makes parent-based samplers downstream record nothing of it; `true` makes them record it all.
   * @defaultValue false
   */
  untracedSampled?: boolean
}

/**
 * Sets options for the whole process. What a call leaves out stays as it was.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * configure({ mirror: { level: 'warn', limit: 32 } })
 * ```
 */
export function configure(options: SpanlogOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('configure', options, ['mirror', 'untracedSampled'])
  const { mirror, untracedSampled } = options
  if (untracedSampled !== undefined && typeof untracedSampled !== 'boolean')
    throw unexpected('untracedSampled', 'a boolean', untracedSampled)
  const nextMirror = mirror === undefined ? state.settings.mirror : mirrorSettings(mirror)
  state.settings = { mirror: nextMirror, untracedSampled: untracedSampled ?? state.settings.untracedSampled }
}

function mirrorSettings(mirror: unknown): typeof state.settings.mirror {
  if (typeof mirror === 'boolean') return { ...state.settings.mirror, enabled: mirror }
  if (typeof mirror !== 'object' || mirror === null) throw unexpected('mirror', 'a boolean or an object', mirror)
  refuseUnknownOptions('mirror', mirror, ['level', 'limit'])
  const { level, limit } = mirror as { level?: unknown; limit?: unknown }
  const current = state.settings.mirror
  const minSeverity = level === undefined ? current.minSeverity : typeof level === 'string' ? severityOfName(level) : undefined
  if (minSeverity === undefined) throw unexpected('mirror.level', 'a level such as trace, debug, info, warn, error or fatal', level)
  if (limit !== undefined && !(typeof limit === 'number' && Number.isInteger(limit) && limit >= 0)) {
    throw unexpected('mirror.limit', 'a whole number, 0 or more', limit)
  }
  return { enabled: true, minSeverity, limit: limit ?? current.limit }
}
