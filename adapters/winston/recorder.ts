import type { Span, SpanContext } from '@opentelemetry/api'
import { activeSpan } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import type { Said, TraceFields } from '../../src/fields/format.js'
import type { Severity } from '../../src/fields/severity.js'
import type { KeptLine, LineSource } from '../../src/flight-recorder/kept.js'
import { recorder } from '../../src/flight-recorder/recorder.js'
import { copyInfo, type Info } from './info.js'
import { mirrorLater } from './mirror.js'
import { override } from './override.js'
import { severityOfLevel } from './severity.js'

/** What of a winston logger is used here. */
interface Logger {
  levels: Record<string, number>
  silent?: boolean
  transports: Transport[]
  log(info: object): unknown
}

interface Transport {
  level?: string
  levels?: Record<string, number>
  silent?: boolean
  parent?: { level?: string } | null
  format?: { transform(info: object, options: unknown): unknown; options?: unknown }
  /** Of a stream that winston puts before an exception handler, or before a transport of winston 2. */
  transport?: unknown
  writableEnded?: boolean
  destroyed?: boolean
  _accept?: unknown
  _writev(requests: readonly Request[], callback: Callback): unknown
  log(info: object, callback: Callback): unknown
  write(info: object): unknown
}

type Callback = (error?: Error | null) => void

interface Request {
  chunk: object
  callback: Callback
}

/** A line that one transport or more will not take for its level. */
class Declined implements LineSource {
  /** For how many transports it is kept. */
  kept = 0
  private readonly written: Info[] = []

  constructor(
    readonly trace: SpanContext,
    private readonly logger: Logger,
    private readonly severity: Severity,
    /** The span that shows it, unless some transport took the line at once: then it does already. */
    private readonly span: Span | undefined,
    private readonly fields: TraceFields,
  ) {}

  /** Not mirrored before all have written it: what one hides must not be on the span. */
  wrote(info: Info): void {
    this.written.push(info)
    if (this.span?.isRecording() && this.written.length === this.kept) mirrorLater(this.span, this.written, this.severity, this.fields)
  }

  tellLost(count: number): void {
    const message = `flight recorder: ${count} earlier ${count === 1 ? 'line' : 'lines'} of this trace had to go`
    this.logger.log({ level: this.severity.text, message, lost_lines: count })
  }
}

const levelKey = Symbol.for('level')
const messageKey = Symbol.for('message')

/*
 *   logger.write(info) ... format.transform(info) -> logger.push(chunk) ... transport._write(chunk) -> level? no: it is kept here
 *     declined[info]           (may be another)  ->  declined[chunk]
 *
 * Where three dots stand, a stream may hold the line back: its trace is known by its object.
 */
const declined = new WeakMap<object, Declined>()
/** Lines that were kept, on their way to their transport as their last format made them. */
const released = new WeakSet<object>()
const watched = new WeakSet<object>()
let anyDeclined = false

/**
 * Looks at a line that is about to be written: one that is severe enough fails its trace, one that a transport will not take for its
 * level is followed there. Never throws.
 *
 * @param said - what it says of its context
 * @param layer - where the methods of the logger, and of those that share it, are overridden
 */
export function heedWinstonLine(info: unknown, said: Said | undefined, logger: object, layer: object): void {
  try {
    if (typeof info !== 'object' || info === null) return
    heed(info as Info, said, logger as Logger, layer)
  } catch (error) {
    reportFault('a line could not be looked at by the flight recorder', error)
  }
}

function heed(info: Info, said: Said | undefined, logger: Logger, layer: object): void {
  const level = info[levelKey] ?? info.level
  // Of a crash the trace that is active says nothing.
  if (logger.silent || info.exception === true || info.rejection === true || typeof level !== 'string') return
  if (!Object.hasOwn(logger.levels, level)) return
  const trace = activeSpan()?.spanContext()
  if (trace === undefined) return
  const transports = logger.transports.filter(hasLevel)
  const declining = transports.filter((transport) => declines(transport, level))
  const severity = { number: severityOfLevel(level, logger.levels), text: level }
  const { settings } = recorder
  if (settings !== undefined && severity.number >= settings.triggerSeverity && declining.length < logger.transports.length)
    recorder.failed(trace)
  if (declining.length === 0) return
  const record = recorder.find(trace)
  if (record === undefined || severity.number < record.minSeverity) return
  watchLogger(layer)
  for (const transport of declining) keepDeclined(transport)
  anyDeclined = true
  const takenByNone = declining.length === logger.transports.length
  declined.set(info, new Declined(trace, logger, severity, takenByNone ? said?.span : undefined, said?.fields ?? {}))
}

/** Whether it is a transport of winston 3, which looks at the level of each line; any other stream takes all of them. */
function hasLevel(transport: Transport): boolean {
  return typeof transport.log === 'function' && typeof transport._accept === 'function' && transport.transport === undefined
}

/** As winston's transports decide, but for those that are silent: they are asked for nothing. */
function declines({ level: own, parent, levels = {}, silent }: Transport, level: unknown): boolean {
  const limit = own || parent?.level
  if (!limit || silent || typeof level !== 'string') return false
  const [most, number] = [levels[limit], levels[level]]
  return most !== undefined && number !== undefined && number > most
}

function watchLogger(layer: object): void {
  if (watched.has(layer)) return
  watched.add(layer)
  let formatting: Declined | undefined
  override(layer, '_transform', (transform) => {
    return function (info: object, encoding: unknown, callback: unknown) {
      const outer = formatting
      formatting = declined.get(info)
      try {
        return transform.call(this, info, encoding, callback)
      } finally {
        formatting = outer
      }
    }
  })
  override(layer, 'push', (push) => {
    return function (chunk: unknown, encoding: unknown) {
      if (formatting !== undefined && typeof chunk === 'object' && chunk !== null) declined.set(chunk, formatting)
      formatting = undefined
      return push.call(this, chunk, encoding)
    }
  })
}

/** Lets a transport keep the lines that it declines. */
export function keepDeclined(stream: object): void {
  const transport = stream as Transport
  if (watched.has(transport) || !hasLevel(transport)) return
  watched.add(transport)
  override(transport, '_write', (write) => {
    return function (this: Transport, chunk: object, encoding: unknown, callback: Callback) {
      return anyDeclined && handled(this, chunk, callback) ? undefined : write.call(this, chunk, encoding, callback)
    }
  })
  override(transport, '_writev', (writev) => {
    return function (this: Transport, requests: readonly Request[], callback: Callback) {
      // Each goes its own way, in their order; winston's own does so too, and calls back at once.
      let rest: Request[] = []
      const passOn = (): void => {
        if (rest.length > 0) writev.call(this, rest, ignore)
        rest = []
      }
      if (!requests.some(({ chunk }) => isOurs(this, chunk))) return writev.call(this, requests, callback)
      for (const request of requests) {
        if (!isOurs(this, request.chunk)) rest.push(request)
        else {
          passOn()
          handled(this, request.chunk, request.callback)
        }
      }
      passOn()
      return callback(null)
    }
  })
}

function ignore(): void {}

function isOurs(transport: Transport, chunk: object): boolean {
  return released.has(chunk) || (declined.has(chunk) && declines(transport, (chunk as Info)[levelKey]))
}

/** Writes a line that was kept, and keeps, or lets pass, one that the transport would not take; false for any other line. */
function handled(transport: Transport, chunk: object, callback: Callback): boolean {
  if (released.delete(chunk)) {
    transport.log(chunk, callback)
    return true
  }
  const line = declined.get(chunk)
  if (line === undefined || !declines(transport, (chunk as Info)[levelKey])) return false
  const record = recorder.find(line.trace)
  const made = record && formatted(transport, chunk)
  if (record === undefined || made === undefined) callback(null)
  else if (record.passing) transport.log(made, callback)
  else {
    line.kept++
    recorder.keep(record, new WinstonLine(line, transport, snapshot(made)))
    callback(null)
  }
  return true
}

/** What the transport makes of a line before it writes it; `undefined` where it leaves it out, or fails. */
function formatted({ format }: Transport, chunk: object): object | undefined {
  if (!format) return chunk
  try {
    const made = format.transform(Object.assign({}, chunk), format.options)
    return typeof made === 'object' && made !== null ? made : undefined
  } catch (error) {
    reportFault('the format of a transport failed for a line below its level', error)
    return undefined
  }
}

/** The line as it is now: the objects in it are the user's, and may change. */
function snapshot(info: object): Info {
  const copy = copyInfo(info) ?? (info as Info)
  for (const [key, value] of Object.entries(copy)) if (typeof value === 'object' && value !== null) copy[key] = cloned(value)
  return copy
}

function cloned(value: object): unknown {
  try {
    return structuredClone(value)
  } catch {
    // Functions, proxies and the like: the text of the line is made already.
    return undefined
  }
}

class WinstonLine implements KeptLine {
  readonly bytes: number

  constructor(
    readonly source: Declined,
    private readonly transport: Transport,
    private readonly info: Info,
  ) {
    const text = info[messageKey]
    this.bytes = typeof text === 'string' ? Buffer.byteLength(text) : 0
  }

  write(): void {
    const { transport, info } = this
    // It was removed or ended since.
    if (transport.parent === null || transport.writableEnded || transport.destroyed) return
    released.add(info)
    // By its queue: it may be writing.
    transport.write(info)
    this.source.wrote(info)
  }
}
