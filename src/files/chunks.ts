import fs from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { SpanlogError } from '../errors.js'
import { unpacked } from './packed.js'
import { sampledMemory, tableBytes } from './sampled-memory.js'

const chunkBytes = 1 << 20
/** A read that took no longer came from memory, as good as. */
const promptMs = 2
/** So many in a row that took longer did not: a busy machine makes any one late. */
const maxSlow = 2
/** For so long what comes from memory is read and searched without a turn of the event loop. */
const turnMs = 2
/**
 * Before each chunk. Beside what it is for: the first 32 bytes of a page are where large allocations begin, and where the kernel's copying
 * takes five times as long on some processors (`rep movsb` on Zen 3).
 */
const roomBytes = (1 << 16) + 64

const roomy = new WeakSet<ArrayBufferLike>()

/** Serve one file after the other. */
export type ChunkBuffers = readonly [Buffer, Buffer]

export function chunkBuffers(bytes = chunkBytes): ChunkBuffers {
  return [chunkBuffer(bytes), chunkBuffer(bytes)]
}

/** In memory that is searched faster, but takes longer to come by. */
export function searchedBuffers(): ChunkBuffers {
  const each = roomBytes + chunkBytes
  const memory = sampledMemory(2 * each)
  if (memory === undefined) return chunkBuffers()
  roomy.add(memory)
  const behind = (at: number) => Buffer.from(memory, tableBytes + at + roomBytes, chunkBytes)
  return [behind(0), behind(each)]
}

/** Has room in its memory before it. */
export function chunkBuffer(bytes: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(roomBytes + bytes)
  roomy.add(memory.buffer)
  return memory.subarray(roomBytes)
}

/** Bytes before a chunk that may be overwritten: what was left over of the chunk before goes there, and nothing else is copied. */
export function roomBefore({ buffer }: Uint8Array): number {
  return roomy.has(buffer) ? roomBytes : 0
}

/**
 * The bytes of an open regular file from its start to where it ends when the reading gets there, unpacked if they are gzip or zstd. A
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
  yield* unpacked(counted(), path)
  if (position < size) throw new SpanlogError('FILE_MALFORMED', `${path} was cut from ${size} to ${position} bytes while it was read`)
}

/** The bytes of a stream, unpacked if they are gzip or zstd. */
export async function* streamChunks(input: Readable, path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  if (signal !== undefined) addAbortSignal(signal, input)
  yield* unpacked(input[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>, path)
}

/**
 * Reads an open file by position. Two buffers take turns, one being filled by the thread pool while the other is searched. But the trip to
 * the pool, and that of the bytes from its core to this one, takes as long as reading and searching them: so what comes from memory is
 * read at once, for as long as each read is prompt, into one buffer, which stays in the core's cache, with a turn of the event loop now
 * and then. Not a stream of node's: those close the descriptor when they are destroyed, whatever `autoClose` says.
 */
export async function* readRange(
  fd: number,
  buffers: ChunkBuffers,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void> {
  let position = start
  let turn: 0 | 1 = 0
  let slow = maxSlow
  let turned = 0
  let ahead: Promise<number> | undefined
  try {
    for (;;) {
      const bytesRead = await (ahead ?? read())
      if (bytesRead === 0) return
      const chunk = buffers[turn].subarray(0, bytesRead)
      position += bytesRead
      ahead = undefined
      if (slow >= maxSlow) {
        turn = turn === 0 ? 1 : 0
        ahead = read()
        // It may fail while nobody waits for it yet; whoever waits then is told.
        ahead.catch(() => {})
      }
      yield chunk
    }
  } finally {
    // The descriptor must not be closed under a read that is under way.
    await ahead?.catch(() => {})
  }

  async function read(): Promise<number> {
    const buffer = buffers[turn]
    const length = Math.min(buffer.length, end - position)
    const prompt = slow < maxSlow
    if (prompt && performance.now() - turned > turnMs) {
      await setImmediate()
      turned = performance.now()
    }
    const begun = performance.now()
    const bytesRead = prompt ? fs.readSync(fd, buffer, 0, length, position) : await readAt(fd, buffer, length, position)
    slow = performance.now() - begun < promptMs ? 0 : slow + 1
    return bytesRead
  }
}

export function readAt(fd: number, buffer: Uint8Array, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, length, position, (error, bytesRead) => (error === null ? resolve(bytesRead) : reject(error)))
  })
}
