import { close, fstatSync, fsync, mkdirSync, openSync, readSync, write } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { SpanlogError } from '../errors.js'
import { peers } from './peers.js'

type Done = Parameters<SpanExporter['export']>[1]

const [writeTo, sync, closeFile] = [promisify(write), promisify(fsync), promisify(close)]

const lineFeed = 0x0a

/**
 * Appends spans to a file as OTLP/JSON, one `TracesData` a line, as the Collector's file exporter writes it. Each batch goes out in
 * one append of a whole line, so that several processes may share the file.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export class FileExporter implements SpanExporter {
  private readonly serializer = peers.otlpTransformer().JsonTraceSerializer
  private readonly file: number
  private last: Promise<void> = Promise.resolve()
  // A pipe or a device has no disk to be synced to.
  private readonly regular: boolean
  // A process that was killed may have left half a line, which must not take ours with it.
  private torn: boolean
  private closed = false

  /** @throws SpanlogError FILE_UNREADABLE if the file cannot be opened for appending */
  constructor(filePath: string) {
    try {
      mkdirSync(path.dirname(filePath), { recursive: true })
      this.file = openSync(filePath, 'a+')
    } catch (cause) {
      throw new SpanlogError('FILE_UNREADABLE', `Expected ${filePath} to be a file that can be appended to`, { cause })
    }
    const stats = fstatSync(this.file)
    this.regular = stats.isFile()
    this.torn = this.regular && stats.size > 0 && lastByte(this.file, stats.size) !== lineFeed
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.last = this.append(spans, this.last, done)
  }

  async forceFlush(): Promise<void> {
    await this.last
    if (!this.closed && this.regular) await sync(this.file)
  }

  /** What was exported is on the disk when this resolves. */
  async shutdown(): Promise<void> {
    if (this.closed) return
    await this.last
    this.closed = true
    try {
      if (this.regular) await sync(this.file)
    } finally {
      await closeFile(this.file)
    }
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
    const line = Buffer.concat([Buffer.from(this.torn ? '\n' : ''), request, Buffer.from('\n')])
    const { bytesWritten } = await writeTo(this.file, line, 0, line.length, null)
    // A full disk cuts a write short. The rest would come too late to be one append: the next line starts afresh instead.
    this.torn = bytesWritten < line.length
    if (this.torn) throw new Error(`only ${bytesWritten} of ${line.length} bytes could be written`)
  }
}

function lastByte(file: number, size: number): number | undefined {
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0]
}
