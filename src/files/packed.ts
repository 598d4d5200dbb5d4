import { pipeline, Readable } from 'node:stream'
import zlib from 'node:zlib'
import { SpanlogError } from '../errors.js'

/** How the bytes of a file are packed; a name tells nothing sure. */
export type Packing = 'none' | 'gzip' | 'zstd'

/** First bytes, in hex. */
const gzip = /^1f8b/
/** A frame, or a skippable one in front of it. */
const zstd = /^(?:28b52ffd|5[\da-f]2a4d18)/
const unread: readonly (readonly [RegExp, string, string])[] = [
  [/^fd377a585a00/, 'compressed with xz', 'decompress it first, for instance with xz -d'],
  [/^425a683[1-9](?:314159265359|177245385090)/, 'compressed with bzip2', 'decompress it first, for instance with bzip2 -d'],
  [/^04224d18/, 'compressed with lz4', 'decompress it first, for instance with lz4 -d'],
  [/^504b(?:0304|0506|0708)/, 'a zip archive', 'unpack it first'],
  // By its mark, or by every other byte of its first characters.
  [
    /^(?:fffe|feff|(?:(?!00)[0-7][\da-f]00){5}|(?:00(?!00)[0-7][\da-f]){5})/,
    'encoded as UTF-16',
    'convert it to UTF-8 first, for instance with iconv -f UTF-16 -t UTF-8',
  ],
]

/** @throws SpanlogError FILE_UNREADABLE */
export function packingOf(bytes: Uint8Array, path: string): Packing {
  const head = Buffer.from(bytes.subarray(0, 10)).toString('hex')
  const [, is, remedy] = unread.find(([signature]) => signature.test(head)) ?? []
  if (is !== undefined) {
    throw new SpanlogError('FILE_UNREADABLE', `${path} is ${is}, which is not read`, remedy === undefined ? {} : { remedy })
  }
  return gzip.test(head) ? 'gzip' : zstd.test(head) ? 'zstd' : 'none'
}

/**
 * The bytes of chunks, unpacked if they are packed.
 *
 * @param chunks - each valid until the next one is asked for; so are those that are yielded
 * @throws SpanlogError FILE_MALFORMED, FILE_UNREADABLE
 */
export async function* unpacked(chunks: AsyncIterableIterator<Uint8Array>, path: string): AsyncGenerator<Uint8Array, void> {
  try {
    const first = await chunks.next()
    if (first.done) return
    const packing = packingOf(first.value, path)
    if (packing === 'none') {
      yield first.value
      yield* chunks
      return
    }
    try {
      yield* packing === 'gzip' ? gunzipped(copies(first.value, chunks)) : unzstd(copies(first.value, chunks))
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw new SpanlogError('FILE_MALFORMED', `${path} began as ${packing} and could not be read to its end: ${problem}`, { cause: error })
    }
  } finally {
    await chunks.return?.()
  }
}

async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array, void> {
  const output = zlib.createGunzip({ chunkSize: 1 << 18 })
  // Errors destroy `output`, whose reading throws them.
  pipeline(Readable.from(chunks), output, () => {})
  yield* output as AsyncIterable<Uint8Array>
}

async function* unzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array, void> {
  const { Decompress } = await import('fzstd')
  let output: Uint8Array[] = []
  const decompress = new Decompress((bytes) => output.push(bytes))
  for await (const chunk of chunks) {
    // In small pieces: it recurses once a frame.
    for (let from = 0; from < chunk.length; from += 1 << 14) {
      decompress.push(chunk.subarray(from, from + (1 << 14)))
      yield* output
      output = []
    }
  }
  decompress.push(new Uint8Array(), true)
  yield* output
}

/** What a stream takes in must not be overwritten. */
async function* copies(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  yield Buffer.from(first)
  for await (const chunk of rest) yield Buffer.from(chunk)
}
