import { ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import type { TraceFields } from '../../src/fields/format.js'
import type { Severity } from '../../src/fields/severity.js'
import type { Line, WrittenLine } from '../../src/mirror/line.js'
import { mirrorLine, type Takers, takersOf, takesRecords } from '../../src/mirror/mirror.js'
import type { Info } from './info.js'
import { override } from './override.js'
import { keepDeclined } from './recorder.js'
import { severityOfLevel } from './severity.js'
import { type Output, outputOf, timeOf, writtenLine } from './written.js'

/** What of a winston logger is used here. */
export interface Logger {
  levels: Record<string, number>
  silent?: boolean
  transports: Transport[]
  isLevelEnabled?(level: unknown): boolean
}

interface Transport {
  format?: unknown
  /** Of a stream that winston puts before an exception handler, or before a transport of winston 2. */
  transport?: { log?: unknown }
  _write?: unknown
}

/** A line on its way to the transports, for those who take it. */
class WinstonLine implements Line {
  at: number | undefined
  readonly outputs: Output[] = []
  /** Transports with a format of their own that have not had it yet: what they hide must not be mirrored. One more while it is sent. */
  waitingFor = 0
  /** Transports that have not had it yet. */
  toReach = Infinity
  mirrored = false
  /** Whether it is in the map of lines. */
  stored = false

  constructor(
    /** What it is known by: the logger's info, then what its format made of it. */
    public object: object,
    readonly takers: Takers,
    readonly severity: Severity,
    private readonly fields: TraceFields,
  ) {}

  get length(): number {
    return this.outputs.reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0)
  }

  keep(): void {
    this.at ??= performance.now()
    for (const output of this.outputs) if (typeof output.message === 'object') output.message = undefined
  }

  read(): WrittenLine | undefined {
    return writtenLine(this.outputs, this.fields)
  }

  time(): unknown {
    return timeOf(this.outputs)
  }
}

/*
 *   logger.write(info) ... format.transform(info) -> logger.push(chunk) ... transport._write(chunk) -> format -> transport.log(output)
 *      lineOf(info)            (may be another)  ->  lineOf(chunk)                 `writing`                      line.outputs
 *
 * Where three dots stand, a stream may hold the line back while others overtake its caller: a line is known again by its object.
 */
const watched = new WeakSet<object>()
const level = Symbol.for('level')

/** Only for lines that are overtaken: to put each into a weak map costs as much as winston's own work. */
const overtaken = new WeakMap<object, WinstonLine>()
let latest: WinstonLine | undefined

function remember(line: WinstonLine): void {
  if (latest !== undefined && latest !== line && latest.toReach > 0) store(latest)
  latest = line
}

function store(line: WinstonLine): void {
  overtaken.set(line.object, line)
  line.stored = true
}

function lineOf(object: object): WinstonLine | undefined {
  return latest?.object === object ? latest : overtaken.get(object)
}

/** The line whose info is being formatted by its logger. */
let formatting: WinstonLine | undefined
/** The line that a transport is writing. */
let writing: WinstonLine | undefined

/**
 * Follows a line to its transports, if the span or the log records take it, and mirrors what they write. Until a line is taken,
 * neither the logger nor its transports are touched.
 *
 * @param info - ours, of this line alone
 */
export function watchLine(span: Span | undefined, info: Info, fields: TraceFields, logger: Logger, layer: Logger): void {
  const name = info[level] ?? info.level
  if (logger.silent || typeof name !== 'string' || logger.isLevelEnabled?.(name) === false) return
  const severity = { number: severityOfLevel(name, logger.levels), text: name }
  const takers = takersOf(span, severity, takesRecords() && logger.transports.some(sendsRecords))
  if (takers === undefined) return
  watchLogger(layer)
  remember(new WinstonLine(info, takers, severity, fields))
}

/** Mirrors a line that was made before, as transports write it now. Never throws. */
export function mirrorLater(span: Span, written: readonly Info[], severity: Severity, fields: TraceFields): void {
  const takers = takersOf(span, severity, false, trace.setSpan(ROOT_CONTEXT, span))
  const [first] = written
  if (takers === undefined || first === undefined) return
  const line = new WinstonLine(first, takers, severity, fields)
  line.outputs.push(...written.map(outputOf))
  mirrorLine(takers, line)
}

/** Whether it is the transport with which OpenTelemetry's winston instrumentation sends lines as records. */
function sendsRecords(transport: Transport): boolean {
  return transport.constructor.name === 'OpenTelemetryTransportV3'
}

function watchLogger(layer: Logger): void {
  if (watched.has(layer)) return
  watched.add(layer)
  override(layer, '_transform', (transform) => {
    return function (info: object, encoding: unknown, callback: unknown) {
      const outer = formatting
      formatting = lineOf(info)
      try {
        return transform.call(this, info, encoding, callback)
      } finally {
        formatting = outer
      }
    }
  })
  override(layer, 'push', (push) => {
    return function (this: Logger, chunk: unknown, encoding: unknown) {
      const line = formatting
      formatting = undefined
      if (line === undefined || typeof chunk !== 'object' || chunk === null) return push.call(this, chunk, encoding)
      line.object = chunk
      line.toReach = this.transports.length
      remember(line)
      line.waitingFor = 1
      for (const transport of this.transports) {
        watchTransport(transport)
        if (transport.format) line.waitingFor++
      }
      try {
        return push.call(this, chunk, encoding)
      } finally {
        // Not before all that take it at once have had it, so that their order does not matter.
        arrived(line, true)
      }
    }
  })
}

function watchTransport(transport: Transport): void {
  if (watched.has(transport)) return
  watched.add(transport)
  // Nearer to the transport: what it declines and what it writes late are then seen from here.
  keepDeclined(transport)
  override(transport, '_write', (write) => {
    return function (chunk: object, encoding: unknown, callback: unknown) {
      const outer = writing
      const line = (writing = lineOf(chunk))
      try {
        return write.call(this, chunk, encoding, callback)
      } finally {
        writing = outer
        if (line !== undefined) reached(line, transport)
      }
    }
  })
  override(transport, '_writev', (writev) => {
    return function (requests: readonly { chunk: object }[], callback: unknown) {
      const outer = writing
      writing = undefined
      try {
        return writev.call(this, requests, callback)
      } finally {
        writing = outer
        for (const { chunk } of requests) {
          const line = lineOf(chunk)
          if (line !== undefined) reached(line, transport)
        }
      }
    }
  })
  // Of several at once, each is asked about before it goes to `log`.
  override(transport, '_accept', (accept) => {
    return function (request: { chunk: object }) {
      writing = lineOf(request.chunk)
      return accept.call(this, request)
    }
  })
  override(transport, 'logv', (logv) => {
    return function (requests: readonly { chunk: Info }[], callback: unknown) {
      for (const { chunk } of requests) lineOf(chunk)?.outputs.push(outputOf(chunk))
      return logv.call(this, requests, callback)
    }
  })
  watchLog(transport)
  const behind = transport.transport
  // One of winston 2 is given its line in parts, and is not watched.
  if (typeof behind?.log === 'function' && behind.log.length <= 2) watchLog(behind)
}

const watchedLogs = new WeakSet<object>()

function watchLog(transport: object): void {
  if (watchedLogs.has(transport)) return
  watchedLogs.add(transport)
  override(transport, 'log', (log) => {
    return function (info: Info, callback: unknown) {
      writing?.outputs.push(outputOf(info))
      return log.call(this, info, callback)
    }
  })
}

/** A transport has had a line, whether it wrote it or passed over it. */
function reached(line: WinstonLine, transport: Transport): void {
  line.toReach--
  arrived(line, transport.format)
  // Sooner than the garbage collector would, for whom large weak maps are work.
  if (line.toReach <= 0 && line.stored) overtaken.delete(line.object)
}

function arrived(line: WinstonLine, awaited: unknown): void {
  if (awaited) line.waitingFor--
  if (line.waitingFor > 0 || line.outputs.length === 0 || line.mirrored) return
  line.mirrored = true
  mirrorLine(line.takers, line)
}
