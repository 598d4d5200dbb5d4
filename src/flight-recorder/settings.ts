import { reportFault } from '../context/fault.js'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { ERROR_SEVERITY, severityOfName } from '../fields/severity.js'

/** How lines below a logger's level are kept until their trace fails. */
export interface FlightRecorderOptions {
  /** Lines below this level are not kept. @defaultValue 'debug' */
  level?: string
  /** A written line of this level, or of a more severe one, fails its trace. @defaultValue 'error' */
  trigger?: string
  /** Text kept of one trace; past that its oldest lines go. @defaultValue 65_536 */
  bytesPerTrace?: number
  /** Text kept of all traces; past that the oldest trace's lines go. @defaultValue 16_777_216 */
  bytes?: number
  /** Traces of which lines are kept; past that the oldest trace's lines go. @defaultValue 1_000 */
  traces?: number
  /** The lines of a trace of which nothing was heard for so long are dropped. @defaultValue 300_000 */
  maxAgeMs?: number
}

/** Severities are OpenTelemetry's 1-24. */
export interface FlightSettings {
  minSeverity: number
  triggerSeverity: number
  bytesPerTrace: number
  bytes: number
  traces: number
  maxAgeMs: number
}

const defaults: FlightSettings = {
  minSeverity: 5,
  triggerSeverity: ERROR_SEVERITY,
  bytesPerTrace: 65_536,
  bytes: 16_777_216,
  traces: 1_000,
  maxAgeMs: 300_000,
}

const limits = ['bytesPerTrace', 'bytes', 'traces', 'maxAgeMs'] as const

/**
 * @param current - what an object that leaves something out changes
 * @returns `undefined` for off
 * @throws SpanlogError INVALID_OPTION
 */
export function flightSettings(option: unknown, current: FlightSettings | undefined): FlightSettings | undefined {
  if (option === false) return undefined
  if (option === true) return current ?? defaults
  if (typeof option !== 'object' || option === null) throw unexpected('flightRecorder', 'a boolean or an object', option)
  refuseUnknownOptions('flightRecorder', option, ['level', 'trigger', ...limits])
  const { level, trigger, ...numbers } = option as FlightRecorderOptions
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      throw unexpected(`flightRecorder.${name}`, 'a positive whole number', value)
    }
  }
  const base = current ?? defaults
  return {
    minSeverity: level === undefined ? base.minSeverity : severityOption('flightRecorder.level', level),
    triggerSeverity: trigger === undefined ? base.triggerSeverity : severityOption('flightRecorder.trigger', trigger),
    bytesPerTrace: numbers.bytesPerTrace ?? base.bytesPerTrace,
    bytes: numbers.bytes ?? base.bytes,
    traces: numbers.traces ?? base.traces,
    maxAgeMs: numbers.maxAgeMs ?? base.maxAgeMs,
  }
}

/** @throws SpanlogError INVALID_OPTION */
export function severityOption(name: string, level: unknown): number {
  const severity = typeof level === 'string' ? severityOfName(level) : undefined
  if (severity === undefined) throw unexpected(name, 'a level such as trace, debug, info, warn, error or fatal', level)
  return severity
}

/** What SPANLOG_FLIGHT_RECORDER says: `1`, `true` or `on`, a level to keep from, or nothing, `0`, `false` or `off`. */
export function flightSettingsFromEnv(text = process.env.SPANLOG_FLIGHT_RECORDER): FlightSettings | undefined {
  const word = text?.trim().toLowerCase() ?? ''
  if (['', '0', 'false', 'off'].includes(word)) return undefined
  if (['1', 'true', 'on'].includes(word)) return defaults
  const minSeverity = severityOfName(word)
  if (minSeverity !== undefined) return { ...defaults, minSeverity }
  reportFault('SPANLOG_FLIGHT_RECORDER is neither true, false nor a level, and is left out')
  return undefined
}
