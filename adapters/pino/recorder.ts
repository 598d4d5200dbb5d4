import type { Span } from '@opentelemetry/api'
import { activeSpan } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { state } from '../../src/context/state.js'
import type { KeptLine, LineSource, TraceRecord } from '../../src/flight-recorder/kept.js'
import { recorder } from '../../src/flight-recorder/recorder.js'
import { hooksKey, type Internals, type Logger } from './internals.js'
import { type MadeLine, mirrorLater, severityOf } from './mirror.js'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** What of a pino logger has a name. */
interface Named {
  levels?: { values: Record<string, number> }
  readonly level: string
  readonly levelVal: number
}

/** How pino tells a destination of the line that it is about to write. */
const metadata = Symbol.for('pino.metadata')

interface Destination {
  readonly [metadata]?: boolean
  /** Of a `multistream`. */
  readonly streams?: unknown
  lastLevel?: unknown
  lastObj?: unknown
  lastMsg?: unknown
  lastTime?: unknown
  lastLogger?: unknown
  write(text: string): unknown
}

/**
 * Lets a logger and its children, or all that share a prototype of pino's, keep their lines below their level. pino puts one
 * function that does nothing in the place of the methods of these levels, anew whenever a level is set; here others are put there.
 * `level` and `isLevelEnabled` say what they said.
 */
export function keepBelowLevel(target: Logger, internals: Internals): void {
  const setLevel = target[internals.setLevel] as Method
  const value = function (this: Logger, level: unknown): unknown {
    const result = setLevel.call(this, level)
    putKeepers(this, internals, setLevel)
    return result
  }
  Object.defineProperty(target, internals.setLevel, { value, writable: true, configurable: true, enumerable: false })
  putKeepers(target, internals, setLevel)
}

/** A written line that is severe enough fails its trace: what was kept of it goes out before the line does. */
export function heedPinoLine(logger: Logger, level: number): void {
  const { settings } = recorder
  if (settings === undefined) return
  try {
    if (severityOf(logger, level).number < settings.triggerSeverity || logger === current?.instance) return
    const trace = activeSpan()?.spanContext()
    if (trace !== undefined) recorder.failed(trace)
  } catch (error) {
    reportFault('the kept lines of a trace could not be written', error)
  }
}

/** Puts off the mirroring of a line that is being kept; false of any other line. */
export function heldForMirror(span: Span | undefined, made: MadeLine): boolean {
  if (current?.instance !== made.logger) return false
  const { enabled, minSeverity, minRecordSeverity } = state.settings.mirror
  const mayBeMirrored = enabled && severityOf(made.logger, made.level).number >= Math.min(minSeverity, minRecordSeverity)
  if (span !== undefined && mayBeMirrored) {
    made.keep()
    current.held = { span, made }
  }
  return true
}

const keepersOf = new WeakMap<object, { hook: unknown; keepers: Record<string, Method> }>()

function putKeepers(logger: Logger, internals: Internals, setLevel: Method): void {
  try {
    const { levels, level } = logger as unknown as Named
    const nothing = logger['silent' as never]
    if (levels === undefined || nothing === undefined || level === 'silent') return
    for (const name of Object.keys(levels.values)) {
      if (logger[name as never] !== nothing || !Object.hasOwn(logger, name)) continue
      Object.assign(logger, { [name]: keepersFor(logger, internals, setLevel)[name] })
    }
  } catch (error) {
    reportFault('the lines below a logger’s level cannot be kept', error)
  }
}

/** Made once for a logger and its children, since pino 9 sets the level of each child. */
function keepersFor(logger: Logger, internals: Internals, setLevel: Method): Record<string, Method> {
  const { levels, level } = logger as unknown as Required<Named>
  const hook = (logger[hooksKey] as { logMethod?: unknown } | undefined)?.logMethod
  const known = keepersOf.get(levels)
  if (known !== undefined && known.hook === hook) return known.keepers
  // pino itself makes the methods that write, on an object of ours: for it every level is enabled, and nobody is told of it.
  const open = Object.create(logger, { [internals.levelComparison]: { value: () => true }, emit: { value() {} } }) as Logger
  setLevel.call(open, level)
  const keepers: Record<string, Method> = {}
  for (const [name, number] of Object.entries(levels.values)) {
    keepers[name] = keeper(open[name as never] as Method, number, severityOf(logger, number).number, internals)
  }
  keepersOf.set(levels, { hook, keepers })
  return keepers
}

function keeper(method: Method, level: number, severity: number, internals: Internals): Method {
  return function (this: unknown) {
    // oxlint-disable-next-line prefer-rest-params -- nothing is made of the arguments while the recorder is off
    if (recorder.on) belowLevel(this as Logger, { method, level, severity, internals }, arguments)
  }
}

interface Level {
  /** pino's own, which writes. */
  method: Method
  level: number
  severity: number
  internals: Internals
}

/** Never throws: without the recorder nothing of the line would have been looked at. */
function belowLevel(logger: Logger, { method, level, severity, internals }: Level, args: ArrayLike<unknown>): void {
  try {
    const trace = activeSpan()?.spanContext()
    const record = trace && recorder.find(trace)
    if (record === undefined || severity < record.minSeverity) return
    if (record.passing) Reflect.apply(method, logger, args)
    else captureOf(logger, internals).keep(record, method, level, args)
  } catch (error) {
    reportFault('a line below its logger’s level could not be made', error)
  }
}

const captureKey = Symbol('spanlog capture')

function captureOf(logger: Logger, internals: Internals): Capture {
  const known = logger[captureKey] as Capture | undefined
  // A child sees its parent's.
  if (known?.logger === logger) return known
  const capture = new Capture(logger, internals)
  Object.defineProperty(logger, captureKey, { value: capture, writable: true, configurable: true, enumerable: false })
  return capture
}

/** The capture whose line is being made. */
let current: Capture | undefined

/** The destination of a logger's lines that are kept: the logger makes them in all as it would, and writes them here. */
class Capture implements Destination, LineSource {
  readonly [metadata] = true
  lastLevel: unknown
  lastObj: unknown
  lastMsg: unknown
  lastTime: unknown
  lastLogger: unknown
  /** The logger, but for where it writes. */
  readonly instance: Logger
  held: { span: Span; made: MadeLine } | undefined
  private record: TraceRecord | undefined
  private level: unknown
  private method: Method | undefined

  constructor(
    readonly logger: Logger,
    private readonly internals: Internals,
  ) {
    this.instance = Object.create(logger) as Logger
    this.instance[internals.stream] = this
  }

  keep(record: TraceRecord, method: Method, level: number, args: ArrayLike<unknown>): void {
    const outer = current
    // oxlint-disable-next-line typescript/no-this-alias -- what is made meanwhile finds it by its instance
    current = this
    this.record = record
    this.level = level
    this.method = method
    try {
      Reflect.apply(method, this.instance, args)
    } finally {
      current = outer
      this.record = this.held = this.lastObj = this.lastMsg = undefined
    }
  }

  write(text: string): void {
    const { record, lastLevel, lastMsg, lastTime, held } = this
    this.held = undefined
    const line = new PinoLine(this, text, { lastLevel, lastMsg, lastTime }, held)
    // A hook may write a line of another level through the object that it was called on.
    if (record === undefined || lastLevel !== this.level || record.passing) line.write()
    else recorder.keep(record, line)
  }

  /** Writes a text that was made before to where the logger writes. */
  forward(text: string, { lastLevel, lastMsg, lastTime }: About): void {
    const destination = this.logger[this.internals.stream] as Destination
    if (destination[metadata] === true) {
      // To a multistream it goes as a line of the logger's own level: to those of its streams that take such lines.
      destination.lastLevel = Array.isArray(destination.streams) ? (this.logger as unknown as Named).levelVal : lastLevel
      destination.lastObj = objectIn(text)
      destination.lastMsg = lastMsg
      destination.lastTime = lastTime
      destination.lastLogger = this.logger
    }
    destination.write(text)
  }

  tellLost(count: number): void {
    const message = `flight recorder: ${count} earlier ${count === 1 ? 'line' : 'lines'} of this trace had to go`
    if (this.method !== undefined) Reflect.apply(this.method, this.logger, [{ lost_lines: count }, message])
  }
}

/** What pino tells a destination of a line. */
interface About {
  lastLevel: unknown
  lastMsg: unknown
  lastTime: unknown
}

class PinoLine implements KeptLine {
  readonly bytes: number

  constructor(
    readonly source: Capture,
    private readonly text: string,
    private readonly about: About,
    private readonly held: Capture['held'],
  ) {
    this.bytes = Buffer.byteLength(text)
  }

  write(): void {
    this.source.forward(this.text, this.about)
    if (this.held !== undefined) mirrorLater(this.held.span, this.held.made, this.text)
  }
}

/** The object that was logged may have changed since: what it was then stands in the line. */
function objectIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
