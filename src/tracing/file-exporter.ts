import { close, fstatSync, fsync, mkdirSync, openSync, readSync, type Stats, statSync, write } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { rotate } from './file-rotation.js'
import { checkPositive } from './options.js'
import { peers } from './peers.js'

type Done = Parameters<SpanExporter['export']>[1]

const [writeTo, sync, closeFile] = [promisify(write), promisify(fsync), promisify(close)]

const lineFeed = 0x0a

/** @throws SpanlogError INVALID_OPTION, FILE_UNREADABLE */
export function fileExporter(options: object, name: string): SpanExporter {
  refuseUnknownOptions(name, options, ['type', 'path', 'maxBytes', 'maxFiles'])
  const { path: filePath, maxBytes, maxFiles } = options as { path?: unknown; maxBytes?: number; maxFiles?: number }
  if (typeof filePath !== 'string' || filePath === '') throw unexpected(`${name}.path`, 'the path of a file', filePath)
  checkPositive(`${name}.maxBytes`, maxBytes)
  checkPositive(`${name}.maxFiles`, maxFiles)
  if (maxFiles !== undefined && maxBytes === undefined) throw unexpected(`${name}.maxFiles`, 'left out without `maxBytes`', maxFiles)
  return new FileExporter(path.resolve(filePath), maxBytes, maxFiles ?? 5)
}

/**
 * Appends spans to a file as OTLP/JSON, one `TracesData` a line, as the Collector's file exporter writes it. Each batch goes out in
 * one append of a whole line, so that several processes may share the file, and its rotation.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
class FileExporter implements SpanExporter {
  private readonly serializer = peers.otlpTransformer().JsonTraceSerializer
  private file: OpenFile
  private last: Promise<void> = Promise.resolve()
  private closed = false

  constructor(
    private readonly filePath: string,
    private readonly maxBytes: number | undefined,
    private readonly maxFiles: number,
  ) {
    this.file = new OpenFile(filePath)
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.last = this.append(spans, this.last, done)
  }

  async forceFlush(): Promise<void> {
    await this.last
    if (!this.closed) await this.file.sync()
  }

  /** What was exported is on the disk when this resolves. */
  async shutdown(): Promise<void> {
    if (this.closed) return
    await this.last
    this.closed = true
    await this.file.close()
  }

  private async append(spans: ReadableSpan[], before: Promise<void>, done: Done): Promise<void> {
    await before
    const { FAILED, SUCCESS } = peers.core().ExportResultCode
    const error = await this.write(spans).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    )
    done(error === undefined ? { code: SUCCESS } : { code: FAILED, error })
  }

  private async write(spans: ReadableSpan[]): Promise<void> {
    if (this.closed) throw new Error('the file is closed')
    const request = this.serializer.serializeRequest(spans)
    if (request === undefined) throw new Error('the spans could not be serialized')
    if (this.maxBytes !== undefined) await this.makeRoom(request.length, this.maxBytes)
    await this.file.appendLine(request)
  }

  /** A line that is longer than a file may be gets a file of its own. */
  private async makeRoom(bytes: number, maxBytes: number): Promise<void> {
    const isFull = ({ size }: Stats): boolean => size > 0 && size + bytes + 1 > maxBytes
    // Another process may have rotated the file away from under ours.
    if (this.file.isAt(this.filePath) && !isFull(this.file.stats())) return
    await rotate(this.filePath, this.maxFiles, isFull)
    const old = this.file
    this.file = new OpenFile(this.filePath)
    await old.close()
  }
}

class OpenFile {
  private readonly descriptor: number
  // A pipe or a device has no disk to be synced to.
  private readonly regular: boolean
  // A process that was killed may have left half a line, which must not take ours with it.
  private torn: boolean

  constructor(filePath: string) {
    try {
      mkdirSync(path.dirname(filePath), { recursive: true })
      this.descriptor = openSync(filePath, 'a+')
    } catch (cause) {
      throw new SpanlogError('FILE_UNREADABLE', `Expected ${filePath} to be a file that can be appended to`, { cause })
    }
    const stats = this.stats()
    this.regular = stats.isFile()
    this.torn = this.regular && stats.size > 0 && lastByte(this.descriptor, stats.size) !== lineFeed
  }

  stats(): Stats {
    return fstatSync(this.descriptor)
  }

  isAt(filePath: string): boolean {
    const there = statSync(filePath, { throwIfNoEntry: false })
    const ours = this.stats()
    return there?.ino === ours.ino && there.dev === ours.dev
  }

  async appendLine(content: Uint8Array): Promise<void> {
    const line = Buffer.concat([Buffer.from(this.torn ? '\n' : ''), content, Buffer.from('\n')])
    const { bytesWritten } = await writeTo(this.descriptor, line, 0, line.length, null)
    // A full disk cuts a write short. The rest would come too late to be one append: the next line starts afresh instead.
    this.torn = bytesWritten < line.length
    if (this.torn) throw new Error(`only ${bytesWritten} of ${line.length} bytes could be written`)
  }

  async sync(): Promise<void> {
    if (this.regular) await sync(this.descriptor)
  }

  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      await closeFile(this.descriptor)
    }
  }
}

function lastByte(file: number, size: number): number | undefined {
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0]
}
