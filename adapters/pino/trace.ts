import { activeContext } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { watchEnd, watchStart } from '../../src/context/overhead.js'
import { state } from '../../src/context/state.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'
import type { ContextFields } from '../../src/fields/context-fields.js'
import type { FieldNames } from '../../src/fields/field-names.js'
import { FieldFormat, isTraceField, processFormat, type Said } from '../../src/fields/format.js'
import { type FieldPreset, type FieldsOptions, fieldsSettings } from '../../src/fields/options.js'
import { recorder } from '../../src/flight-recorder/recorder.js'
import { takesRecords } from '../../src/mirror/mirror.js'
import { contextText } from './context-text.js'
import { type AsJson, type Internals, internalsOf, type Logger } from './internals.js'
import { MadeLine, mirrorAfterHook, mirrorPinoLine } from './mirror.js'
import { heedPinoLine, heldForMirror, keepBelowLevel } from './recorder.js'

const brand = Symbol.for('spanlog.traced')
const viewKey = Symbol('spanlog view')

/** How `tracePino` and `traceWinston` treat one logger. */
export interface TraceLoggerOptions {
  /** What this logger's lines say of their trace. @defaultValue that of `configure` */
  fields?: FieldPreset | FieldsOptions
}

/** What is behind an `asJson` of ours. */
interface Traced {
  readonly asJson: AsJson
  /** Of the loggers that have it; `undefined` is the process's. */
  format: FieldFormat | undefined
  /** Sees each logger before the first of its lines that says something. */
  readonly meet: ((logger: Logger) => void) | undefined
}
const tracedBy = new WeakMap<AsJson, Traced>()

/**
 * What a logger's lines of one context are made from. One a logger, and remade as its lines come from another context: it is no
 * logger's prototype, so writing to it costs little, where writing to the logger itself would cost each later line dearly.
 */
interface View {
  readonly logger: Logger
  /** The logger, but for what is said behind its bindings. Nobody but `asJson` ever sees it. */
  readonly instance: Logger
  said: Said | undefined
  format: FieldFormat | undefined
  context: ContextFields | undefined
  /** Anything may put a field of these names into a line of this logger: each line is looked at once it is written. */
  anyLine: boolean
  /** The user's own time function may put them in. */
  ownTime: boolean
  /** The logger's bindings that the instance's are made from. */
  bindings: string
  /** With the fields of the context behind them, which count as bindings. */
  bound: string
  /** The fields of the trace, those that are not the user's own. */
  added: string
  /** All of it: the instance's bindings. */
  carried: string
}

/**
 * Makes a pino logger trace-aware: what it and its children write inside a trace carries `trace_id`, `span_id` and
 * `trace_flags` (or what `fields` says), and the fields of `withFields`, and shows as an event of the active recording span
 * (`configure` says which lines do). Where there is nothing to say its lines stay byte for byte as they are. Of a logger that is
 * trace-aware already nothing is changed but its `fields`, if they are given.
 *
 * @param logger - of pino 9 or 10, from any copy of it; a child is made trace-aware alone, without its parent
 * @returns the same logger
 * @throws SpanlogError INVALID_OPTION if it is no such logger, or for a wrong option
 * @example
 * ```ts
 * const log = tracePino(pino())
 * withSpan('charge card', () => log.info('charged')) // {"level":30,…,"trace_id":"…","span_id":"…","trace_flags":"02","msg":"charged"}
 * ```
 */
export function tracePino<L extends object>(logger: L, options: TraceLoggerOptions = {}): L {
  const internals = internalsOf(logger)
  if (internals === undefined) throw unexpected('logger', 'a logger of pino 9 or 10', logger)
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('tracePino', options, ['fields'])
  const format = options.fields === undefined ? undefined : new FieldFormat(fieldsSettings(options.fields))
  const asJson = (logger as Logger)[internals.asJson] as AsJson
  if (!(brand in logger)) {
    define(logger, internals.asJson, tracedAsJson(asJson, internals, format))
    define(logger, brand, true)
    mirrorAfterHook(logger as Logger)
    keepBelowLevel(logger as Logger, internals)
    speedUp(logger as Logger, internals)
  } else if (format !== undefined) {
    const traced = tracedBy.get(asJson)
    if (traced !== undefined && Object.hasOwn(logger, internals.asJson)) traced.format = format
    else if (traced !== undefined) define(logger, internals.asJson, tracedAsJson(traced.asJson, internals, format))
  }
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

/** An `asJson` in the place of pino's, or of what stands there, for one logger or for the prototype that a copy of pino has for all. */
export function tracedAsJson(asJson: AsJson, internals: Internals, format?: FieldFormat, meet?: (logger: Logger) => void): AsJson {
  const traced: Traced = { asJson, format, meet }
  const build: AsJson = function (this: unknown, object, message, level, time) {
    const logger = this as Logger
    if (recorder.on) heedPinoLine(logger, level)
    let said: Said | undefined
    let view: View | undefined
    const started = watchStart()
    try {
      said = (traced.format ?? processFormat()).of(activeContext())
      if (said !== undefined) view = viewOf(logger, said, internals, traced)
    } catch (error) {
      reportFault('what a line says of its context could not be made', error)
    }
    watchEnd('lines', started)
    if (said === undefined || view === undefined) {
      let plain = asJson.call(logger, object, message, level, time)
      if (state.settings.redact !== undefined) plain = state.settings.redact.redactor.line(plain, isTraceField)
      if (takesRecords()) {
        const made = new MadeLine(logger, internals, plain, level, time, logger[internals.bindings] as string, '')
        if (!heldForMirror(undefined, made)) mirrorPinoLine(undefined, made)
      }
      return plain
    }

    // All are read before the call, as asJson does: what it calls may log in another context, or set other bindings.
    const { bindings } = view
    let { bound, added, carried } = view
    let line: string
    if (carried === bindings) {
      line = asJson.call(logger, object, message, level, time)
    } else if (isPlain(view, said, object, time)) {
      line = asJson.call(view.instance, object, message, level, time)
    } else {
      line = asJson.call(logger, object, message, level, time)
      const head = prelude(logger, internals, level, time) + bindings
      // It does not begin so where somebody replaced asJson: such a line is left as it is.
      const isOurs = line.startsWith(head)
      bound = isOurs ? bindings + boundText(logger, internals, said, line) : bindings
      added = isOurs ? addedText(said, line) : ''
      carried = bound + added
      if (carried !== bindings) line = head + carried.slice(bindings.length) + line.slice(head.length)
    }
    if (state.settings.redact !== undefined) line = state.settings.redact.redactor.line(line, isTraceField)
    if (said.span?.isRecording() === true || takesRecords()) {
      const made = new MadeLine(logger, internals, line, level, time, bound, added)
      if (!heldForMirror(said.span, made)) mirrorPinoLine(said.span, made)
    }
    return line
  }
  tracedBy.set(build, traced)
  return build
}

/** What a line begins with, before its bindings. */
function prelude(logger: Logger, internals: Internals, level: number, time: string): string {
  return `${(logger[internals.levelTexts] as Record<number, string>)[level]}${time}`
}

/** Whether nothing of the user's can have a field of the names, so that the fields need not be looked for in the line. */
function isPlain(view: View, { format, context }: Said, object: unknown, time: string): boolean {
  if (view.anyLine) return false
  if (view.ownTime && (format.names.mentionedIn(time) || context?.names.mentionedIn(time) === true)) return false
  try {
    return !format.names.areIn(object as object) && context?.names.areIn(object as object) !== true
  } catch {
    // No object, or a proxy that throws: whatever pino makes of it, the line shows.
    return false
  }
}

/** The fields of the trace that a JSON object does not have of its user's own, with a comma before each. */
function addedText(said: Said, json: string): string {
  const own = said.format.names.ownIn(json)
  const text = own.length === 0 ? said.text : said.textWithout(own)
  return text && `,${text}`
}

/** The same of the context's fields. */
function boundText(logger: Logger, internals: Internals, { context }: Said, json: string): string {
  return context === undefined ? '' : contextText(logger, internals, context, context.names.ownIn(json))
}

function viewOf(logger: Logger, said: Said, internals: Internals, { meet }: Traced): View {
  let view = logger[viewKey] as View | undefined
  // A child sees its parent's.
  if (view === undefined || view.logger !== logger) {
    view = newView(logger, internals)
    meet?.(logger)
  }
  if (view.said !== said || view.bindings !== logger[internals.bindings]) renew(view, said, internals)
  return view
}

function renew(view: View, said: Said, internals: Internals): void {
  const { logger } = view
  if (view.format !== said.format || view.context !== said.context) look(view, said, internals)
  const bindings = logger[internals.bindings] as string
  const json = `{${bindings.slice(1)}}`
  view.bindings = bindings
  view.bound = bindings + boundText(logger, internals, said, json)
  view.added = addedText(said, json)
  view.carried = inOnePiece(view.bound + view.added)
  view.instance[internals.bindings] = view.carried
  view.said = said
}

/**
 * V8 keeps a text that was put together as its parts, and each line would go through them anew. To read a number it makes one piece
 * of them; bindings begin with a comma and are none.
 */
function inOnePiece(bindings: string): string {
  return Number(bindings) === 0 ? '' : bindings
}

/** Sees where fields of the names may come from, beside bindings and what a call is given. */
function look(view: View, { format, context }: Said, internals: Internals): void {
  const names = context === undefined ? [format.names] : [format.names, context.names]
  const { logger } = view
  const { log } = (logger[internals.formatters] ?? {}) as { log?: unknown }
  view.anyLine =
    log !== undefined ||
    names.some(
      (some) =>
        some.include(logger[internals.messageKey]) ||
        some.include(logger[internals.nestedKey]) ||
        levelsMention(logger[internals.levelTexts] as object, some),
    )
  view.ownTime =
    !timeFunctions.has((logger[internals.timeFunction] as { name?: unknown }).name) || names.some((some) => some.include('time'))
  view.format = format
  view.context = context
}

function newView(logger: Logger, internals: Internals): View {
  const instance = Object.create(logger) as Logger
  // Defined, as a frozen logger's could not be assigned.
  define(instance, internals.bindings, '')
  const view: View = {
    logger,
    instance,
    said: undefined,
    format: undefined,
    context: undefined,
    anyLine: true,
    ownTime: true,
    bindings: '',
    bound: '',
    added: '',
    carried: '',
  }
  if (Object.isExtensible(logger)) define(logger, viewKey, view)
  return view
}

// By name, as the logger may be of another copy of pino; what has the name and does something else is at most looked at less.
const timeFunctions = new Set<unknown>(['epochTime', 'nullTime', 'unixTime', 'isoTime', 'isoTimeNano'])

const levelTextsThatMention = new WeakMap<object, { names: FieldNames; mention: boolean }>()

/** A level's text is the user's own where `formatters.level` is; children share their parent's. */
function levelsMention(levelTexts: object, names: FieldNames): boolean {
  let known = levelTextsThatMention.get(levelTexts)
  if (known?.names !== names) {
    known = { names, mention: Object.values(levelTexts).some((text) => names.mentionedIn(String(text))) }
    levelTextsThatMention.set(levelTexts, known)
  }
  return known.mention
}
