import type { DebugTracesOptions } from './context/debug-mark.js'
import { headersOption, type TraceHeaders } from './context/headers/formats.js'
import { hostRule } from './context/hosts.js'
import { setOverheadBudget } from './context/overhead.js'
import { state } from './context/state.js'
import { refuseUnknownOptions, unexpected } from './errors.js'
import { type FieldPreset, type FieldsOptions, fieldsSettings } from './fields/options.js'
import { severityOfName } from './fields/severity.js'
import { flightConfiguration } from './flight-recorder/configure.js'
import type { FlightRecorderOptions } from './flight-recorder/settings.js'
import { type RedactOptions, redactSettings } from './redaction/settings.js'

/** How log lines become span events, log records, or both. */
export interface MirrorOptions {
  /**
   * Events of the active recording span; OpenTelemetry log records, also of lines outside a trace, through the Logs API of
   * `@opentelemetry/api` 1.10 or of `@opentelemetry/api-logs`, whichever has a provider; or both.
   * @defaultValue 'events'
   */
  to?: 'events' | 'records' | 'both'
  /** Lines below this level are not mirrored; for both targets, or for each its own. @defaultValue 'info' */
  level?: string | { events?: string; records?: string }
  /** Lines mirrored on one span; further ones are counted on the span. The SDK itself drops the oldest event past 128. @defaultValue 64 */
  limit?: number
}

/** What `configure` takes. */
export interface SpanlogOptions {
  /** Mirror log lines: as events of the active recording span, unless told otherwise; `false` turns it off. */
  mirror?: MirrorOptions | boolean
  /**
   * The sampled flag of a trace that begins in a process without a tracing SDK. `false` says the truth, that nothing was
   * recorded here, and makes parent-based samplers downstream record nothing of it; `true` makes them record it all.
   * @defaultValue false
   */
  untracedSampled?: boolean
  /**
   * What lines say of their trace, and under which names: a preset, or more.
   * @defaultValue the environment variable SPANLOG_FIELDS, a preset or these options as JSON; else 'otel'
   */
  fields?: FieldPreset | FieldsOptions
  /**
   * Keep the lines below the loggers' level in memory, and write those of a trace that fails; `true` takes the defaults.
   * @defaultValue the environment variable SPANLOG_FLIGHT_RECORDER: `true`, or a level to keep from; else false
   */
  flightRecorder?: FlightRecorderOptions | boolean
  /** Heed signed marks that have one trace debugged in each service; `false` heeds none. @defaultValue false */
  debugTraces?: DebugTracesOptions | false
  /**
   * How a trace stands in the headers of requests and messages: each format is written; of those that are read, the first that names
   * a trace counts. @defaultValue those that OTEL_PROPAGATORS names, else `['w3c']`
   */
  headers?: readonly TraceHeaders[]
  /**
   * The hosts that requests take the trace along to: `orders`, `*.internal`, `localhost:3000`, or expressions that are tested against
   * the host's name. It holds for `traceFetch` and `traceRequest`, and, under `startTracing`, for OpenTelemetry's instrumentations of HTTP
   * clients as far as their spans are recorded. `false` is all hosts. @defaultValue false
   */
  propagateTo?: readonly (string | RegExp)[] | false
  /**
   * What must not leave the process, in one place: for the lines of trace-aware loggers as they are written, and with them for span events,
   * log records and the flight recorder, and for all that `startTracing` exports and `redactSpans()` hands on. `true` takes the
   * usual rules. It holds from the call on. @defaultValue false: lines are what the logger writes, and spans what they were given
   */
  redact?: RedactOptions | boolean
  /**
   * The share of time, 0 to 1, above which a warning says that spanlog's own code takes too much; `false` warns of nothing. What it takes
   * is in `spanlogStats().overhead`. @defaultValue 0.1
   */
  overheadBudget?: number | false
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
  refuseUnknownOptions('configure', options, [
    'mirror',
    'untracedSampled',
    'fields',
    'flightRecorder',
    'debugTraces',
    'headers',
    'propagateTo',
    'redact',
    'overheadBudget',
  ])
  const { mirror, untracedSampled, fields, flightRecorder, debugTraces, headers, propagateTo, redact, overheadBudget } = options
  if (
    overheadBudget !== undefined &&
    overheadBudget !== false &&
    !(typeof overheadBudget === 'number' && overheadBudget > 0 && overheadBudget <= 1)
  )
    throw unexpected('overheadBudget', 'a share from 0 to 1, or false', overheadBudget)
  if (untracedSampled !== undefined && typeof untracedSampled !== 'boolean')
    throw unexpected('untracedSampled', 'a boolean', untracedSampled)
  const nextMirror = mirror === undefined ? state.settings.mirror : mirrorSettings(mirror)
  const applyFlight = flightConfiguration(flightRecorder, debugTraces)
  state.settings = {
    mirror: nextMirror,
    untracedSampled: untracedSampled ?? state.settings.untracedSampled,
    fields: fields === undefined ? state.settings.fields : fieldsSettings(fields),
    headers: headers === undefined ? state.settings.headers : headersOption(headers),
    propagateTo:
      propagateTo === undefined ? state.settings.propagateTo : propagateTo === false ? undefined : hostRule('propagateTo', propagateTo),
    redact: redact === undefined ? state.settings.redact : redactSettings(redact),
  }
  if (overheadBudget !== undefined) setOverheadBudget(overheadBudget === false ? undefined : overheadBudget)
  applyFlight()
}

function mirrorSettings(mirror: unknown): typeof state.settings.mirror {
  const current = state.settings.mirror
  if (typeof mirror === 'boolean') return { ...current, enabled: mirror }
  if (typeof mirror !== 'object' || mirror === null) throw unexpected('mirror', 'a boolean or an object', mirror)
  refuseUnknownOptions('mirror', mirror, ['to', 'level', 'limit'])
  const { to = current.to, level, limit = current.limit } = mirror as { to?: unknown; level?: unknown; limit?: unknown }
  if (to !== 'events' && to !== 'records' && to !== 'both') throw unexpected('mirror.to', "'events', 'records' or 'both'", to)
  if (!(typeof limit === 'number' && Number.isInteger(limit) && limit >= 0)) {
    throw unexpected('mirror.limit', 'a whole number, 0 or more', limit)
  }
  const each = typeof level === 'object' && level !== null ? (level as { events?: unknown; records?: unknown }) : undefined
  if (each !== undefined) refuseUnknownOptions('mirror.level', each, ['events', 'records'])
  return {
    enabled: true,
    to,
    minSeverity: mirrorLevel('mirror.level', each ? each.events : level, current.minSeverity),
    minRecordSeverity: mirrorLevel('mirror.level', each ? each.records : level, current.minRecordSeverity),
    limit,
  }
}

function mirrorLevel(name: string, level: unknown, current: number): number {
  if (level === undefined) return current
  const severity = typeof level === 'string' ? severityOfName(level) : undefined
  if (severity === undefined) throw unexpected(name, 'a level such as trace, debug, info, warn, error or fatal', level)
  return severity
}
