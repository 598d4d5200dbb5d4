import fs from 'node:fs'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { SpanlogError } from '../errors.js'

// Two of them fit a core's cache, and each is worth the trip to the thread pool: measured 64 KB 1.2, 256 KB 2.3, 1 MB 3.0 GB/s.
const chunkBytes = 1 << 20

/** Serve one file after the other. */
export type ChunkBuffers = readonly [Buffer, Buffer]

export function chunkBuffers(): ChunkBuffers {
  return [Buffer.allocUnsafeSlow(chunkBytes), Buffer.allocUnsafeSlow(chunkBytes)]
}

/**
 * The bytes of an open regular file from its start to where it ends when the reading gets there, decompressed if they are gzip or
 * zstd. A chunk is valid until the next one is asked for: two buffers take turns, one being filled while the other is searched.
 *
 * @throws SpanlogError FILE_MALFORMED where it cannot be decompressed or became shorter meanwhile, FILE_UNREADABLE; AbortError
 */
export async function* fileChunks(
  fd: number,
  path: string,
  buffers: ChunkBuffers,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  const { size } = fs.fstatSync(fd)
  let position = 0
  let turn: 0 | 1 = 0
  let reading = read(fd, buffers[turn], position)
  try {
    for (;;) {
      const bytesRead = await reading
      if (bytesRead === 0) break
      const chunk = buffers[turn].subarray(0, bytesRead)
      if (position === 0 && compression(chunk) !== undefined) {
        yield* streamChunks(fs.createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: chunkBytes }), path, signal)
        return
      }
      position += bytesRead
      turn = turn === 0 ? 1 : 0
      reading = read(fd, buffers[turn], position)
      yield chunk
      signal?.throwIfAborted()
    }
  } finally {
    // The descriptor must not be closed, nor the buffer freed, under a read that is under way.
    await reading.catch(() => {})
  }
  if (position < size) throw new SpanlogError('FILE_MALFORMED', `${path} was cut from ${size} to ${position} bytes while it was read`)
}

function read(fd: number, buffer: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, buffer.length, position, (error, bytesRead) => (error === null ? resolve(bytesRead) : reject(error)))
  })
}

/** The bytes of a stream, decompressed if they are gzip or zstd. */
export async function* streamChunks(input: Readable, path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  if (signal !== undefined) addAbortSignal(signal, input)
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await chunks.next()
  if (first.done) return
  const rest = (async function* () {
    yield first.value
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  })()
  const kind = compression(first.value)
  if (kind === undefined) {
    yield* rest
    return
  }
  try {
    const output = decompressor(kind, path)
    // Its errors destroy `output`, whose reading below throws them.
    pipeline(Readable.from(rest), output, () => {})
    yield* output as AsyncIterable<Uint8Array>
  } catch (error) {
    if (error instanceof SpanlogError || signal?.aborted) throw error
    const problem = error instanceof Error ? error.message : String(error)
    throw new SpanlogError('FILE_MALFORMED', `${path} began as ${kind} and could not be decompressed to its end: ${problem}`, {
      cause: error,
    })
  }
}

type Compression = 'gzip' | 'zstd'

/** By the first bytes; a name tells nothing sure. */
function compression(bytes: Uint8Array): Compression | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd'
  return undefined
}

function decompressor(kind: Compression, path: string): zlib.Gunzip {
  if (kind === 'gzip') return zlib.createGunzip({ chunkSize: chunkBytes / 4 })
  throw new SpanlogError('FILE_UNREADABLE', `${path} is compressed with zstd, which is not read`, {
    remedy: 'decompress it first, for instance with zstd -d, or pipe it in',
  })
}
