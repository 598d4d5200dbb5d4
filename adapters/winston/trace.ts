import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import { activeSpan } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { unexpected } from '../../src/errors.js'
import { type TraceFields, traceFields } from '../../src/fields/text.js'
import { addFields, copyInfo, type Info, showInJson } from './info.js'
import { type Logger, watchLine } from './mirror.js'
import { override } from './override.js'

const brand = Symbol.for('spanlog.traced')

/**
 * Makes a winston logger trace-aware: what it and its children write inside a trace carries `trace_id`, `span_id` and
 * `trace_flags`, which formats see as well (`info.trace_id`), and shows as an event of the active recording span (`configure`
 * says which lines do). The trace is the one that was active at the call, however late formats and transports run. Outside a
 * trace its lines stay byte for byte as they are. Of a logger that is trace-aware already nothing is changed.
 *
 * The event is what was written: what the logger's format or that of any transport leaves out or hides is not in it.
 *
 * @param logger - of winston 3, from any copy of it; a child writes through the logger that it comes from, so that this becomes
 *   trace-aware as a whole
 * @returns the same logger
 * @throws SpanlogError INVALID_OPTION if it is no such logger
 * @example
 * ```ts
 * const log = traceWinston(winston.createLogger({ transports: [new winston.transports.Console()] }))
 * withSpan('charge card', () => log.info('charged')) // {"level":"info","message":"charged","span_id":"…","trace_flags":"02","trace_id":"…"}
 * ```
 */
export function traceWinston<L extends object>(logger: L): L {
  const root = rootOf(logger)
  if (root === undefined) throw unexpected('logger', 'a logger of winston 3', logger)
  if (brand in root) return logger
  // Between the logger and its class: a property of its own, defined on it, would slow down all that it does.
  const layer = Object.create(Object.getPrototypeOf(root) as object, { [brand]: { value: true } }) as Logger
  Object.setPrototypeOf(root, layer)
  // Where somebody has put a method on the logger itself, that one is taken up.
  override(Object.hasOwn(root, 'write') ? root : layer, 'write', (write) => tracedWrite(write, layer))
  return logger
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

function tracedWrite(write: Method, layer: Logger): Method {
  return function (info, encoding, callback) {
    let written = info
    try {
      const span = activeSpan()
      const fields = span && fieldsOf(span.spanContext())
      if (span !== undefined && fields !== undefined) {
        // Even where winston made it: to find that out costs as much as a copy, and costs it outside a trace too.
        const own = copyInfo(info)
        if (own !== undefined) {
          addFields(own, fields)
          showInJson(own, info, fields)
          written = own
          if (span.isRecording()) watchLine(span, own, fields, this as Logger, layer)
        }
      }
    } catch (error) {
      reportFault('a line could not be given its trace', error)
    }
    return write.call(this, written, encoding, callback)
  }
}

let lastTrace: SpanContext | undefined
let lastFields: TraceFields | undefined

/** The fields of a trace, kept for the lines that follow; `undefined` of one that is not valid. */
function fieldsOf(trace: SpanContext): TraceFields | undefined {
  if (trace !== lastTrace) {
    lastFields = isSpanContextValid(trace) ? traceFields(trace) : undefined
    lastTrace = trace
  }
  return lastFields
}
