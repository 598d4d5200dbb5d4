import { isSpanContextValid, type Span, type SpanContext } from '@opentelemetry/api'
import { activeSpan } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { unexpected } from '../../src/errors.js'
import { fieldsText, hasFields, isFieldName, mentionsFields, ownFields, type TraceFieldName } from '../../src/fields/text.js'
import { type AsJson, type Internals, internalsOf, type Logger } from './internals.js'
import { mirrorAfterHook, mirrorPinoLine } from './mirror.js'

const brand = Symbol.for('spanlog.traced')
const viewKey = Symbol('spanlog view')

/**
 * What a logger's lines inside a trace are made from. One a logger, and remade as its lines come from another trace: it is no
 * logger's prototype, so writing to it costs little, where writing to the logger itself would cost each later line dearly.
 */
interface View {
  readonly logger: Logger
  /** The logger, but for the trace's fields behind its bindings. Nobody but `asJson` ever sees it. */
  readonly instance: Logger
  /** Anything may put a field of the trace's names into a line of this logger: each line is looked at once it is written. */
  readonly anyLine: boolean
  /** The user's own time function may put them in. */
  readonly ownTime: boolean
  trace: SpanContext | undefined
  /** The logger's bindings that the instance's are made from. */
  bindings: string
  /** The fields that they have of the user's own. */
  own: readonly TraceFieldName[]
  /** The trace's fields, those that the bindings do not have. */
  added: string
  /** Both: the instance's bindings. */
  carried: string
}

/**
 * Makes a pino logger trace-aware: what it and its children write inside a trace carries `trace_id`, `span_id` and
 * `trace_flags`, and shows as an event of the active recording span (`configure` says which lines do). Outside a trace its
 * lines stay byte for byte as they are. Of a logger that is trace-aware already nothing is changed.
 *
 * @param logger - of pino 9 or 10, from any copy of it; a child is made trace-aware alone, without its parent
 * @returns the same logger
 * @throws SpanlogError INVALID_OPTION if it is no such logger
 * @example
 * ```ts
 * const log = tracePino(pino())
 * withSpan('charge card', () => log.info('charged')) // {"level":30,…,"trace_id":"…","span_id":"…","trace_flags":"02","msg":"charged"}
 * ```
 */
export function tracePino<L extends object>(logger: L): L {
  const internals = internalsOf(logger)
  if (internals === undefined) throw unexpected('logger', 'a logger of pino 9 or 10', logger)
  if (brand in logger) return logger
  const asJson = (logger as Logger)[internals.asJson] as AsJson
  define(logger, internals.asJson, tracedAsJson(asJson, internals))
  define(logger, brand, true)
  mirrorAfterHook(logger as Logger)
  speedUp(logger as Logger, internals)
  return logger
}

/**
 * V8 keeps a logger as pino makes it in a form that is slow to read, until warm code has read it through an object that it is the
 * prototype of. A child is born fast.
 */
function speedUp(logger: Logger, { asJson }: Internals): void {
  const reader = Object.create(logger) as Logger
  for (let i = 0; i < 32; i++) if (reader[asJson] === undefined) return
}

function define(object: object, key: symbol, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false })
}

function tracedAsJson(asJson: AsJson, internals: Internals): AsJson {
  return function (this: unknown, object, message, level, time) {
    const logger = this as Logger
    let span: Span | undefined
    let view: View | undefined
    try {
      span = activeSpan()
      if (span !== undefined) view = viewOf(logger, span.spanContext(), internals)
    } catch (error) {
      reportFault('the active trace could not be read', error)
    }
    if (span === undefined || view?.trace === undefined) return asJson.call(logger, object, message, level, time)

    // All are read before the call, as asJson does: what it calls may log in another trace, or set other bindings.
    const { trace, bindings } = view
    let { added, carried } = view
    let line: string
    if (added === '') {
      line = asJson.call(logger, object, message, level, time)
    } else if (isPlain(view, object, time)) {
      line = asJson.call(view.instance, object, message, level, time)
    } else {
      line = asJson.call(logger, object, message, level, time)
      const head = prelude(logger, internals, level, time) + bindings
      // It does not begin so where somebody replaced asJson: such a line is left as it is.
      added = line.startsWith(head) ? comma(fieldsText(trace, ownFields(line))) : ''
      carried = bindings + added
      if (added !== '') line = head + added + line.slice(head.length)
    }
    if (span.isRecording()) {
      const made = {
        logger,
        internals,
        line,
        object,
        message,
        level,
        prelude: prelude(logger, internals, level, time),
        bindings,
        added,
        carried,
      }
      mirrorPinoLine(span, made)
    }
    return line
  }
}

/** What a line begins with, before its bindings. */
function prelude(logger: Logger, internals: Internals, level: number, time: string): string {
  return `${(logger[internals.levelTexts] as Record<number, string>)[level]}${time}`
}

/** Whether nothing of the user's can have a field of the trace's names, so that the fields need not be looked for in the line. */
function isPlain(view: View, object: unknown, time: string): boolean {
  if (view.anyLine || (view.ownTime && mentionsFields(time))) return false
  try {
    return !hasFields(object as object)
  } catch {
    // No object, or a proxy that throws: whatever pino makes of it, the line shows.
    return false
  }
}

function comma(fields: string): string {
  return fields && `,${fields}`
}

function viewOf(logger: Logger, trace: SpanContext, internals: Internals): View {
  let view = logger[viewKey] as View | undefined
  // A child sees its parent's.
  if (view === undefined || view.logger !== logger) view = newView(logger, internals)
  if (view.trace !== trace || view.bindings !== logger[internals.bindings]) renew(view, trace, internals)
  return view
}

function renew(view: View, trace: SpanContext, internals: Internals): void {
  const bindings = view.logger[internals.bindings] as string
  if (bindings !== view.bindings) {
    view.bindings = bindings
    view.own = mentionsFields(bindings) ? ownFields(`{${bindings.slice(1)}}`) : []
  }
  if (!isSpanContextValid(trace)) {
    view.trace = undefined
    return
  }
  view.trace = trace
  view.added = comma(fieldsText(trace, view.own))
  view.carried = bindings + view.added
  view.instance[internals.bindings] = view.carried
}

function newView(logger: Logger, internals: Internals): View {
  const { log } = (logger[internals.formatters] ?? {}) as { log?: unknown }
  const view: View = {
    logger,
    instance: Object.create(logger) as Logger,
    anyLine:
      log !== undefined ||
      isFieldName(logger[internals.messageKey]) ||
      isFieldName(logger[internals.nestedKey]) ||
      levelsMention(logger[internals.levelTexts] as object),
    ownTime: !timeFunctions.has((logger[internals.timeFunction] as { name?: unknown }).name),
    trace: undefined,
    bindings: '',
    own: [],
    added: '',
    carried: '',
  }
  define(logger, viewKey, view)
  return view
}

// By name, as the logger may be of another copy of pino; what has the name and does something else is at most looked at less.
const timeFunctions = new Set<unknown>(['epochTime', 'nullTime', 'unixTime', 'isoTime', 'isoTimeNano'])

const levelTextsThatMention = new WeakMap<object, boolean>()

/** A level's text is the user's own where `formatters.level` is; children share their parent's. */
function levelsMention(levelTexts: object): boolean {
  let mention = levelTextsThatMention.get(levelTexts)
  if (mention === undefined) {
    mention = Object.values(levelTexts).some((text) => mentionsFields(String(text)))
    levelTextsThatMention.set(levelTexts, mention)
  }
  return mention
}
