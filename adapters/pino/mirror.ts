import { hostname } from 'node:os'
import type { Span } from '@opentelemetry/api'
import { reportFault } from '../../src/context/fault.js'
import { severityOfName, severityOfPinoLevel } from '../../src/fields/severity.js'
import { mirrorLine, takesLine, type WrittenLine } from '../../src/mirror/line.js'
import { givenFields } from './given.js'
import { hooksKey, type Internals, type Logger } from './internals.js'

/** How the default base stands in a logger's bindings: of the process, which the span's resource names, not of the line. */
const defaultBase = `,"pid":${process.pid},"hostname":${JSON.stringify(hostname())}`

/** A line as `asJson` made it; it begins with prelude, bindings and what was added to them. */
export interface MadeLine {
  logger: Logger
  internals: Internals
  line: string
  /** What \`asJson\` was given. */
  object: unknown
  message: unknown
  level: number
  /** Level and time. */
  prelude: string
  bindings: string
  /** The trace's fields, those that the user's own line does not have. */
  added: string
  /** Bindings and what was added, as one text: the same for many lines, so that it is compared quickly. */
  carried: string
}

interface TakenLine {
  made: MadeLine
  span: Span
  severity: WrittenLine['severity']
}

/** The line that `hooks.streamWrite` gets next: between `asJson` and the hook nothing else is called. */
let pending: TakenLine | undefined

/** Puts a line on its span as it was written, if the span takes it. Never throws. */
export function mirrorPinoLine(span: Span, made: MadeLine): void {
  try {
    const severity = severityOf(made.logger, made.level)
    if (!takesLine(span, severity.number)) return
    const taken = { made, span, severity }
    if (hasWriteHook(made.logger)) pending = taken
    else mirror(taken, made.line)
  } catch (error) {
    reportFault('a line could not be mirrored', error)
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
        const taken = pending?.made.line === line ? pending : undefined
        pending = undefined
        const written = (streamWrite as (line: string) => unknown)(line)
        if (taken !== undefined && typeof written === 'string') mirror(taken, written)
        return written
      },
    },
  })
}

function hasWriteHook(logger: Logger): boolean {
  return typeof (logger[hooksKey] as { streamWrite?: unknown } | undefined)?.streamWrite === 'function'
}

function severityOf(logger: Logger, level: number): WrittenLine['severity'] {
  const { labels } = logger['levels' as never] as { labels: Record<number, string> }
  const text = labels[level] ?? String(level)
  // A name that is known tells more than its number: syslog's numbers fall as the severity rises.
  return { number: severityOfName(text) ?? severityOfPinoLevel(level), text }
}

function mirror(taken: TakenLine, written: string): void {
  try {
    const line = parseLine(taken, written)
    if (line !== undefined) mirrorLine(taken.span, line)
  } catch (error) {
    reportFault('a line could not be mirrored', error)
  }
}

/** @returns `undefined` for what is no JSON: what it hides and what it shows cannot be told apart */
function parseLine({ made, severity }: TakenLine, written: string): WrittenLine | undefined {
  const { logger, internals } = made
  const messageKey = logger[internals.messageKey] as string
  const line = readLine(made, messageKey, written)
  if (line === undefined) return undefined
  const { message, fields } = line
  const nested = logger[internals.nestedKey]
  const error = takeError(typeof nested === 'string' ? fields[nested] : fields, logger[internals.errorKey] as string)
  return error === undefined ? { severity, message, fields } : { severity, message, fields, error }
}

type Fields = Record<string, unknown>

/** All but level, time and the trace's fields; a user's own field of one of these names stays. */
function readLine(made: MadeLine, messageKey: string, written: string): { message: string; fields: Fields } | undefined {
  const { logger, internals, prelude, bindings, added, carried } = made
  const headLength = prelude.length + carried.length
  const end = logger[internals.lineEnd] as string
  const { base, own, fields: bound } = readBindings(bindings)
  // Unlike startsWith this compares whole words of memory: it is on each mirrored line.
  const begins = written.slice(prelude.length, headLength) === carried
  const text = written.slice(headLength)
  const given = begins ? givenFields(made, { text, messageKey, end }) : undefined
  if (given !== undefined && bound !== undefined && !(messageKey in bound)) {
    return { message: made.message as string, fields: own === '' ? given : { ...bound, ...given } }
  }
  if (!begins || !text.endsWith(end)) {
    const fields = parse(written)
    const head = fields && parse(`${prelude}${base}${added}}`)
    for (const key of Object.keys(head ?? {})) delete fields?.[key]
    return head && takeMessage(fields, messageKey)
  }
  return takeMessage(parse(`{${(own + text.slice(0, -end.length)).slice(1)}}`), messageKey)
}

/** Bindings apart: the default base, what is the user's own, and its fields. */
interface Bindings {
  text: string
  base: string
  own: string
  fields: Readonly<Fields> | undefined
}

let lastBindings: Bindings | undefined

/** Kept for the lines that follow. */
function readBindings(text: string): Bindings {
  if (lastBindings?.text === text) return lastBindings
  const base = text.startsWith(defaultBase) ? defaultBase : ''
  const own = text.slice(base.length)
  lastBindings = { text, base, own, fields: parse(`{${own.slice(1)}}`) }
  return lastBindings
}

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
