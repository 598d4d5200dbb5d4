import fs from 'node:fs'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { SpanlogError } from '../errors.js'

// Two of them fit a core's cache, and each is worth the trip to the thread pool: measured 64 KB 1.2, 256 KB 2.3, 1 MB 3.0 GB/s.
const chunkBytes = 1 << 20

/** Serve one file after the other. */
export type ChunkBuffers = readonly [Buffer, Buffer]

export function chunkBuffers(bytes = chunkBytes): ChunkBuffers {
  return [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)]
}

/**
 * The bytes of an open regular file from its start to where it ends when the reading gets there, decompressed if they are gzip. A
 * chunk is valid until the next one is asked for.
 *
 * @throws SpanlogError FILE_MALFORMED where it cannot be decompressed or became shorter meanwhile, FILE_UNREADABLE where it is
 * compressed or encoded in another way
 */
export async function* fileChunks(fd: number, path: string, buffers: ChunkBuffers, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const { size } = fs.fstatSync(fd)
  let position = 0
  async function* counted(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of readRange(fd, buffers)) {
      signal?.throwIfAborted()
      position += chunk.length
      yield chunk
    }
  }
  yield* decompressed(counted(), path)
  if (position < size) throw new SpanlogError('FILE_MALFORMED', `${path} was cut from ${size} to ${position} bytes while it was read`)
}

/** The bytes of a stream, decompressed if they are gzip. */
export async function* streamChunks(input: Readable, path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  if (signal !== undefined) addAbortSignal(signal, input)
  yield* decompressed(input[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>, path)
}

/**
 * Reads an open file by position: two buffers take turns, one being filled while the other is searched. Not a stream of node's: those
 * close the descriptor when they are destroyed, whatever `autoClose` says.
 */
export async function* readRange(
  fd: number,
  buffers: ChunkBuffers,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void> {
  let position = start
  let turn: 0 | 1 = 0
  let reading = read()
  try {
    for (;;) {
      const bytesRead = await reading
      if (bytesRead === 0) return
      const chunk = buffers[turn].subarray(0, bytesRead)
      position += bytesRead
      turn = turn === 0 ? 1 : 0
      reading = read()
      yield chunk
    }
  } finally {
    // The descriptor must not be closed under a read that is under way.
    await reading.catch(() => {})
  }

  function read(): Promise<number> {
    const buffer = buffers[turn]
    const length = Math.min(buffer.length, end - position)
    return new Promise((resolve, reject) => {
      fs.read(fd, buffer, 0, length, position, (error, bytesRead) => (error === null ? resolve(bytesRead) : reject(error)))
    })
  }
}

async function* decompressed(chunks: AsyncIterableIterator<Uint8Array>, path: string): AsyncGenerator<Uint8Array, void> {
  try {
    const first = await chunks.next()
    if (first.done) return
    if (!isGzip(first.value, path)) {
      yield first.value
      yield* chunks
      return
    }
    const output = zlib.createGunzip({ chunkSize: chunkBytes / 4 })
    // What a stream takes in must not be overwritten. Errors destroy `output`, whose reading below throws them.
    pipeline(Readable.from(copies(first.value, chunks)), output, () => {})
    try {
      yield* output as AsyncIterable<Uint8Array>
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw new SpanlogError('FILE_MALFORMED', `${path} began as gzip and could not be read to its end: ${problem}`, { cause: error })
    }
  } finally {
    await chunks.return?.()
  }
}

async function* copies(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  yield Buffer.from(first)
  for await (const chunk of rest) yield Buffer.from(chunk)
}

/** First bytes, in hex; a name tells nothing sure. */
const gzip = /^1f8b/
const unread: readonly (readonly [RegExp, string, string])[] = [
  [/^28b52ffd/, 'compressed with zstd', 'decompress it first, for instance with zstd -d'],
  [/^fd377a585a00/, 'compressed with xz', 'decompress it first, for instance with xz -d'],
  [/^425a683[1-9](?:314159265359|177245385090)/, 'compressed with bzip2', 'decompress it first, for instance with bzip2 -d'],
  [/^04224d18/, 'compressed with lz4', 'decompress it first, for instance with lz4 -d'],
  [/^504b(?:0304|0506|0708)/, 'a zip archive', 'unpack it first'],
  [/^(?:fffe|feff)/, 'encoded as UTF-16', 'convert it to UTF-8 first, for instance with iconv -f UTF-16 -t UTF-8'],
]

/** @throws SpanlogError FILE_UNREADABLE */
function isGzip(bytes: Uint8Array, path: string): boolean {
  const head = Buffer.from(bytes.subarray(0, 10)).toString('hex')
  const [, is, remedy] = unread.find(([signature]) => signature.test(head)) ?? []
  if (is !== undefined) {
    throw new SpanlogError('FILE_UNREADABLE', `${path} is ${is}, which is not read`, remedy === undefined ? {} : { remedy })
  }
  return gzip.test(head)
}
