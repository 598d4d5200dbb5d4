import type { Span } from '@opentelemetry/api'
import { reportFault } from '../../src/context/fault.js'
import type { Severity } from '../../src/fields/severity.js'
import type { TraceFields } from '../../src/fields/text.js'
import { mirrorLine, takesLine } from '../../src/mirror/line.js'
import type { Info } from './info.js'
import { override } from './override.js'
import { severityOfLevel } from './severity.js'
import { type Output, outputOf, writtenLine } from './written.js'

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

/** A line on its way to the transports, for the span that takes it. */
interface Line {
  span: Span
  severity: Severity
  fields: TraceFields
  outputs: Output[]
  /** Transports with a format of their own that have not had it yet: what they hide must not be on the span. One more while it is sent. */
  waitingFor: number
  mirrored: boolean
}

/*
 *   logger.write(info) ... format.transform(info) -> logger.push(chunk) ... transport._write(chunk) -> format -> transport.log(output)
 *        lines[info]            (may be another) ->   lines[chunk]               `writing`                      line.outputs
 *
 * Where three dots stand, a stream may hold the line back while others overtake its caller: a line is known again by its object.
 */
const lines = new WeakMap<object, Line>()
const watched = new WeakSet<object>()
const level = Symbol.for('level')

/** The line whose info is being formatted by its logger. */
let formatting: Line | undefined
/** The line that a transport is writing. */
let writing: Line | undefined

/**
 * Follows a line to its transports, if the span takes it, and mirrors what they write. Until a span takes the first one, neither
 * the logger nor its transports are touched.
 */
export function watchLine(span: Span, info: Info, fields: TraceFields, logger: Logger, layer: Logger): void {
  const name = info[level] ?? info.level
  if (logger.silent || typeof name !== 'string' || logger.isLevelEnabled?.(name) === false) return
  const severity = { number: severityOfLevel(name, logger.levels), text: name }
  if (!takesLine(span, severity.number)) return
  watchLogger(layer)
  lines.set(info, { span, severity, fields, outputs: [], waitingFor: 0, mirrored: false })
}

function watchLogger(layer: Logger): void {
  if (watched.has(layer)) return
  watched.add(layer)
  override(layer, '_transform', (transform) => {
    return function (info: object, encoding: unknown, callback: unknown) {
      const outer = formatting
      formatting = lines.get(info)
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
      lines.set(chunk, line)
      line.waitingFor = 1
      for (const transport of this.transports) {
        watchTransport(transport)
        if (transport.format) line.waitingFor++
      }
      try {
        return push.call(this, chunk, encoding)
      } finally {
        // Not before all that take it at once have had it, so that their order does not matter.
        arrived(line, chunk, true)
      }
    }
  })
}

function watchTransport(transport: Transport): void {
  if (watched.has(transport)) return
  watched.add(transport)
  override(transport, '_write', (write) => {
    return function (chunk: object, encoding: unknown, callback: unknown) {
      const outer = writing
      const line = (writing = lines.get(chunk))
      try {
        return write.call(this, chunk, encoding, callback)
      } finally {
        writing = outer
        if (line !== undefined) arrived(line, chunk, transport.format)
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
          const line = lines.get(chunk)
          if (line !== undefined) arrived(line, chunk, transport.format)
        }
      }
    }
  })
  // Of several at once, each is asked about before it goes to `log`.
  override(transport, '_accept', (accept) => {
    return function (request: { chunk: object }) {
      writing = lines.get(request.chunk)
      return accept.call(this, request)
    }
  })
  override(transport, 'logv', (logv) => {
    return function (requests: readonly { chunk: Info }[], callback: unknown) {
      for (const { chunk } of requests) lines.get(chunk)?.outputs.push(outputOf(chunk))
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
function arrived(line: Line, chunk: object, awaited: unknown): void {
  if (awaited) line.waitingFor--
  if (line.waitingFor > 0 || line.outputs.length === 0 || line.mirrored) return
  line.mirrored = true
  // Sooner than the garbage collector would, for whom large weak maps are work.
  lines.delete(chunk)
  try {
    // Held back long enough, a line outlives its span.
    if (line.span.isRecording()) mirrorLine(line.span, writtenLine(line.outputs, line.severity, line.fields))
  } catch (error) {
    reportFault('a line could not be mirrored', error)
  }
}
