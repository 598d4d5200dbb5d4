import type { Attributes, Context, TimeInput } from '@opentelemetry/api'
import { activeContext, loggerProvider } from '../context/active.js'
import type { Severity } from '../fields/severity.js'
import { cut, exceptionAttributes, flatten } from './attributes.js'
import type { WrittenLine } from './line.js'

/** What the Logs API of `@opentelemetry/api` 1.10 and that of `@opentelemetry/api-logs` have in common. */
interface LoggerProvider {
  getLogger(name: string): Logger
}
interface Logger {
  emit(record: LogRecord): void
  /** Absent in older versions. */
  enabled?(options: { context: Context; severityNumber: number }): boolean
}
interface LogRecord {
  timestamp: TimeInput
  severityNumber: number
  severityText: string
  body: string
  attributes: Attributes
  context: Context
}

// Of `@opentelemetry/api-logs`. API 1.10 keeps its provider where it keeps its others, and neither sees the other's.
const experimental = globalThis as { [key: symbol]: ((version: number) => LoggerProvider | undefined) | undefined }
const experimentalKey = Symbol.for('io.opentelemetry.js.api.logs')

/** That of the stable API, where both have one: one line is one record. */
function currentLogger(): Logger | undefined {
  const provider = (loggerProvider() as LoggerProvider | undefined) ?? experimental[experimentalKey]?.(1)
  if (provider === lastProvider) return lastLogger
  lastLogger = provider?.getLogger('spanlog')
  lastProvider = provider
  return lastLogger
}
let lastProvider: LoggerProvider | undefined
let lastLogger: Logger | undefined

const suppressed = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/**
 * The context, if somebody listens to records of this severity from it: cheap, and asked before a line is read. What an
 * exporter logs while it exports is no record: it would have to export that as well, for ever.
 *
 * @param context - of the line. @defaultValue the active one
 */
export function contextOfRecord({ number: severityNumber }: Severity, context = activeContext()): Context | undefined {
  const logger = currentLogger()
  if (logger === undefined) return undefined
  if (context.getValue(suppressed) === true || logger.enabled?.({ context, severityNumber }) === false) return undefined
  return context
}

/** @param time - the line's own, as it was written; `now` where that is none */
export function emitRecord(context: Context, severity: Severity, line: WrittenLine, { time, now }: { time: unknown; now: number }): void {
  const attributes = flatten(line.fields)
  if (line.error !== undefined) Object.assign(attributes, exceptionAttributes(line.error))
  currentLogger()?.emit({
    timestamp: timestampOf(time) ?? now,
    severityNumber: severity.number,
    severityText: severity.text,
    body: cut(line.message, longestBody),
    attributes,
    context,
  })
}

const longestBody = 65_536

/** Seconds or milliseconds since the epoch, or ISO 8601 with up to nine digits of a second. */
function timestampOf(time: unknown): TimeInput | undefined {
  if (typeof time === 'number') return time < 1e11 ? time * 1000 : time < 1e14 ? time : undefined
  if (typeof time !== 'string') return undefined
  const ms = Date.parse(time)
  if (Number.isNaN(ms)) return undefined
  const [, fraction] = /\.(\d{4,9})(?:Z|[+-][\d:]+)?$/i.exec(time) ?? []
  return fraction === undefined ? ms : [Math.floor(ms / 1000), Number(fraction.padEnd(9, '0'))]
}
