import { activeContext } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { state } from '../../src/context/state.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'
import { FieldFormat, processFormat, type Said } from '../../src/fields/format.js'
import { fieldsSettings } from '../../src/fields/options.js'
import { recorder } from '../../src/flight-recorder/recorder.js'
import { takesRecords } from '../../src/mirror/mirror.js'
import type { TraceLoggerOptions } from '../pino/trace.js'
import { addFields, copyInfo, type Info, showInJson } from './info.js'
import { type Logger, watchLine } from './mirror.js'
import { override } from './override.js'
import { heedWinstonLine } from './recorder.js'
import { guardOutput, redactInfo } from './redact.js'

const brand = Symbol.for('spanlog.traced')

/**
 * Makes a winston logger trace-aware: what it and its children write inside a trace carries `trace_id`, `span_id` and
 * `trace_flags` (or what `fields` says), and the fields of `withFields`, which formats see as well (`info.trace_id`), and shows as
 * an event of the active recording span (`configure` says which lines do). The context is the one that was active at the call,
 * however late formats and transports run. Where there is nothing to say its lines stay byte for byte as they are. Of a logger
 * that is trace-aware already nothing is changed but its `fields`, if they are given.
 *
 * The event is what was written: what the logger's format or that of any transport leaves out or hides is not in it.
 *
 * @param logger - of winston 3, from any copy of it; a child writes through the logger that it comes from, so that this becomes
 *   trace-aware as a whole
 * @returns the same logger
 * @throws SpanlogError INVALID_OPTION if it is no such logger, or for a wrong option
 * @example
 * ```ts
 * const log = traceWinston(winston.createLogger({ transports: [new winston.transports.Console()] }))
 * withSpan('charge card', () => log.info('charged')) // {"level":"info","message":"charged","span_id":"…","trace_flags":"02","trace_id":"…"}
 * ```
 */
export function traceWinston<L extends object>(logger: L, options: TraceLoggerOptions = {}): L {
  const root = rootOf(logger)
  if (root === undefined) throw unexpected('logger', 'a logger of winston 3', logger)
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('traceWinston', options, ['fields'])
  if (options.fields !== undefined) {
    formats.set(root, new FieldFormat(fieldsSettings(options.fields)))
    anyFormats = true
  }
  if (brand in root) return logger
  // Between the logger and its class: a property of its own, defined on it, would slow down all that it does.
  const layer = Object.create(Object.getPrototypeOf(root) as object, { [brand]: { value: true } }) as Logger
  Object.setPrototypeOf(root, layer)
  // Where somebody has put a method on the logger itself, that one is taken up.
  override(Object.hasOwn(root, 'write') ? root : layer, 'write', (write) => tracedWrite(write, layer))
  override(Object.hasOwn(root, 'log') ? root : layer, 'log', tracedLog)
  return logger
}

/** Of the loggers that have one of their own. */
const formats = new WeakMap<object, FieldFormat>()
let anyFormats = false

function formatOf(logger: object): FieldFormat {
  return (anyFormats ? formats.get(logger) : undefined) ?? processFormat()
}

/** The logger itself; of a child the one that it comes from. */
function rootOf(logger: unknown): Logger | undefined {
  const isLogger =
    typeof logger === 'object' &&
    logger !== null &&
    ['write', 'log', 'configure', '_transform'].every((name) => typeof (logger as Info)[name] === 'function')
  if (!isLogger) return undefined
  let root: object | null = logger
  while (root !== null && !Object.hasOwn(root, '_readableState')) root = Object.getPrototypeOf(root) as object | null
  return (root as Logger | null) ?? undefined
}

type Method = (this: unknown, ...args: unknown[]) => unknown

/** What winston's `log` that runs now was called with. */
let given: readonly unknown[] | undefined

/** winston's `log`, which shows to `write` what the user gave: an info that is none of it, winston has made, and it need not be copied. */
export function tracedLog(log: Method): Method {
  return function (...args) {
    const outer = given
    given = args
    try {
      return log.apply(this, args)
    } finally {
      given = outer
    }
  }
}

/** What `log` was called with for the line that `write` gets now: what formats and transports write in the meantime is another one. */
function takeGiven(): readonly unknown[] | undefined {
  const args = given
  given = undefined
  return args
}

function isMadeHere(info: unknown, args: readonly unknown[] | undefined): info is Info {
  return args !== undefined && args.length > 1 && typeof info === 'object' && info !== null && !args.includes(info)
}

/** winston's `write`, with the context in its lines: of one logger, or of a prototype that many share. */
export function tracedWrite(write: Method, layer: Logger): Method {
  return function (info, encoding, callback) {
    let written = info
    let said: Said | undefined
    const args = takeGiven()
    const { redact } = state.settings
    if (redact !== undefined) guardOutput(layer)
    try {
      said = formatOf(this as Logger).of(activeContext())
      const span = said?.span?.isRecording() === true ? said.span : undefined
      const records = takesRecords()
      if (said !== undefined || records || redact !== undefined) {
        const own = isMadeHere(info, args) ? info : copyInfo(info)
        if (own !== undefined) {
          if (said !== undefined) {
            addFields(own, said)
            showInJson(own, info, said)
          }
          if (redact !== undefined) redactInfo(own, redact.redactor)
          written = own
          if (span !== undefined || records) watchLine(span, own, said?.fields ?? {}, this as Logger, layer)
        }
      }
    } catch (error) {
      reportFault('a line could not be given its context', error)
    }
    if (recorder.on) heedWinstonLine(written, said, this as Logger, layer)
    return write.call(this, written, encoding, callback)
  }
}
