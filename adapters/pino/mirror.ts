import { hostname } from 'node:os'
import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { reportFault } from '../../src/context/fault.js'
import { type Severity, severityOfName, severityOfPinoLevel } from '../../src/fields/severity.js'
import type { Line, WrittenLine } from '../../src/mirror/line.js'
import { mirrorLine, type Takers, takersOf, takesRecords } from '../../src/mirror/mirror.js'
import { hooksKey, type Internals, type Logger } from './internals.js'

/** How the default base stands in a logger's bindings: of the process, which the span's resource names, not of the line. */
const defaultBase = `,"pid":${process.pid},"hostname":${JSON.stringify(hostname())}`

interface TakenLine {
  line: MadeLine
  takers: Takers
}

/** The line that `hooks.streamWrite` gets next: between `asJson` and the hook nothing else is called. */
let pending: TakenLine | undefined

/** Gives a line, as it was written, to the active span and the log records, if they take it. Never throws. */
export function mirrorPinoLine(span: Span | undefined, line: MadeLine): void {
  const takers = takersFor(line, span)
  if (takers === undefined) return
  if (hasWriteHook(line.logger)) pending = { line, takers }
  else mirrorLine(takers, line)
}

/** The same of a line that was made before, and is written now. */
export function mirrorLater(span: Span, line: MadeLine, written: string): void {
  line.written = written
  const takers = takersFor(line, span, trace.setSpan(ROOT_CONTEXT, span))
  if (takers !== undefined) mirrorLine(takers, line)
}

function takersFor(line: MadeLine, span: Span | undefined, context?: Context): Takers | undefined {
  try {
    return takersOf(span, line.severity, takesRecords() && sendsRecords(line), context)
  } catch (error) {
    reportFault('a line could not be mirrored', error)
    return undefined
  }
}

/** `hooks.streamWrite` may hide what `asJson` wrote: of a logger that has one, its result is mirrored. */
export function mirrorAfterHook(logger: Logger): void {
  const hooks = logger[hooksKey] as { streamWrite?: unknown } | undefined
  const streamWrite = hooks?.streamWrite
  if (typeof streamWrite !== 'function') return
  // The hooks are the user's object.
  logger[hooksKey] = Object.create(hooks as object, {
    streamWrite: {
      value(line: string): unknown {
        const taken = pending?.line.written === line ? pending : undefined
        pending = undefined
        const written = (streamWrite as (line: string) => unknown)(line)
        if (taken !== undefined && typeof written === 'string') {
          taken.line.written = written
          mirrorLine(taken.takers, taken.line)
        }
        return written
      },
    },
  })
}

function hasWriteHook(logger: Logger): boolean {
  return typeof (logger[hooksKey] as { streamWrite?: unknown } | undefined)?.streamWrite === 'function'
}

const senders = new WeakMap<object, boolean>()

/** Whether OpenTelemetry's pino instrumentation sends the logger's lines as records: it puts a stream of its own beside the user's. */
function sendsRecords({ logger, internals }: MadeLine): boolean {
  const destination = logger[internals.stream]
  if (typeof destination !== 'object' || destination === null) return false
  let sends = senders.get(destination)
  if (sends === undefined) {
    const { streams } = destination as { streams?: unknown }
    sends = Array.isArray(streams) && streams.some((one: { stream?: object } | null) => one?.stream?.constructor.name === 'OTelPinoStream')
    senders.set(destination, sends)
  }
  return sends
}

let lastLabels: unknown
let severities: Record<number, Severity> = {}

/** Kept for the lines that follow. */
export function severityOf(logger: Logger, level: number): Severity {
  const { labels } = logger['levels' as never] as { labels: Record<number, string> }
  if (labels !== lastLabels) {
    lastLabels = labels
    severities = {}
  }
  const known = severities[level]
  if (known !== undefined) return known
  const text = labels[level] ?? String(level)
  // A name that is known tells more than its number: syslog's numbers fall as the severity rises.
  return (severities[level] = { number: severityOfName(text) ?? severityOfPinoLevel(level), text })
}

/** A line as `asJson` made it; it begins with level, time, bindings and what was added to them. One a line, and small: it may be kept. */
export class MadeLine implements Line {
  at: number | undefined

  constructor(
    readonly logger: Logger,
    readonly internals: Internals,
    /** As `asJson` made it, and then as a hook did. */
    public written: string,
    readonly level: number,
    private readonly timeText: string,
    private readonly bindings: string,
    /** The trace's fields, those that the user's own line does not have. */
    private readonly added: string,
  ) {}

  get severity(): Severity {
    return severityOf(this.logger, this.level)
  }

  get length(): number {
    return this.written.length
  }

  keep(): void {
    this.at ??= performance.now()
  }

  time(): unknown {
    return Object.values(parse(`{${this.timeText.slice(1)}}`) ?? {})[0]
  }

  read(): WrittenLine | undefined {
    const { logger, internals } = this
    const line = takeMessage(this.#fields(), logger[internals.messageKey] as string)
    if (line === undefined) return undefined
    const { message, fields } = line
    const nested = logger[internals.nestedKey]
    const error = takeError(typeof nested === 'string' ? fields[nested] : fields, logger[internals.errorKey] as string)
    return error === undefined ? line : { message, fields, error }
  }

  /** All but level, time and the trace's fields; a user's own field of one of these names stays. */
  #fields(): Fields | undefined {
    const { logger, internals, written, bindings, added } = this
    const prelude = (logger[internals.levelTexts] as Record<number, string>)[this.level] + this.timeText
    const base = bindings.startsWith(defaultBase) ? defaultBase : ''
    const head = prelude + bindings + added
    const end = logger[internals.lineEnd] as string
    if (written.startsWith(head) && written.endsWith(end)) {
      return parse(`{${(bindings.slice(base.length) + written.slice(head.length, -end.length)).slice(1)}}`)
    }
    const fields = parse(written)
    const known = fields && parse(`${prelude}${base}${added}}`)
    for (const key of Object.keys(known ?? {})) delete fields?.[key]
    return known && fields
  }
}

type Fields = Record<string, unknown>

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function takeMessage(fields: Fields | undefined, messageKey: string): { message: string; fields: Fields } | undefined {
  if (fields === undefined) return undefined
  const value = fields[messageKey]
  // Cheap, as the message is the last of the keys.
  delete fields[messageKey]
  return { message: typeof value === 'string' ? value : (JSON.stringify(value) ?? ''), fields }
}

/** Takes the error's three parts out of its written form, and leaves what else the user's error holds. */
function takeError(fields: unknown, key: string): WrittenLine['error'] {
  if (!isRecord(fields)) return undefined
  const error = fields[key]
  if (!isRecord(error)) return undefined
  const { type, message, stack, ...rest } = error
  if (typeof message !== 'string' && typeof stack !== 'string') return undefined
  if (Object.keys(rest).length === 0) delete fields[key]
  else fields[key] = rest
  return {
    ...(typeof type === 'string' && { type }),
    ...(typeof message === 'string' && { message }),
    ...(typeof stack === 'string' && { stack }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
