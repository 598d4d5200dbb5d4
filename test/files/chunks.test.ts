import fs, { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { chunkBuffers, fileChunks, readRange, roomBefore, searchedBuffers } from '../../src/files/chunks.js'
import { samplerIn } from '../../src/files/sampled-memory.js'

describe('fileChunks', () => {
  it('a file that becomes shorter while it is read is refused as malformed', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
    try {
      const file = path.join(folder, 'a.log')
      writeFileSync(file, Buffer.alloc(8 << 20, 'x'))
      const chunks = fileChunks(openSync(file, 'r'), file, chunkBuffers())
      expect((await chunks.next()).value).toHaveLength(1 << 20)
      truncateSync(file, 10)
      await expect(
        (async () => {
          for await (const _ of chunks);
        })(),
      ).rejects.toMatchObject({ code: 'FILE_MALFORMED' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

type Done = (error: Error | null, bytes: number) => void

describe('readRange', () => {
  it('tells of a read ahead that failed when the next chunk is asked for, and nobody before', async () => {
    const unhandled = vi.fn<(error: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    // The first is slow, so another one follows it ahead.
    const reads = [(done: Done) => setTimeout(() => done(null, 5), 10), (done: Done) => setImmediate(() => done(new Error('EIO'), 0))]
    const read = vi.spyOn(fs, 'read').mockImplementation((...args: unknown[]) => reads.shift()?.(args.at(-1) as Done))
    try {
      const chunks = readRange(0, chunkBuffers(10))
      expect((await chunks.next()).value).toHaveLength(5)
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(unhandled).not.toHaveBeenCalled()
      await expect(chunks.next()).rejects.toThrow('EIO')
      expect(reads).toEqual([])
    } finally {
      read.mockRestore()
      process.off('unhandledRejection', unhandled)
    }
  })
})

describe('searchedBuffers', () => {
  it('can be searched, and have room before them that is of neither, nor of the table', () => {
    const buffers = searchedBuffers()
    const { buffer } = buffers[0]
    const sampler = samplerIn(buffer)
    const table = new Uint8Array(1 << 16)
    // Puts the table into the memory.
    expect(sampler?.(1 << 15, 1 << 15, 4, table)).toBe(-1)
    for (const chunk of buffers) {
      chunk.fill('c')
      Buffer.from(buffer, chunk.byteOffset - roomBefore(chunk), roomBefore(chunk)).fill('r')
    }
    expect(Buffer.from(buffer, 0, table.length).equals(table)).toBe(true)
    for (const chunk of buffers) {
      expect(roomBefore(chunk)).toBeGreaterThan(1 << 16)
      expect(chunk.equals(Buffer.alloc(1 << 20, 'c'))).toBe(true)
    }
  })
})
