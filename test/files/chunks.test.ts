import fs, { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { chunkBuffers, fileChunks, readRange } from '../../src/files/chunks.js'

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

describe('readRange', () => {
  it('tells of a read ahead that failed when the next chunk is asked for, and nobody before', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const reads = [10, 0]
    const read = vi.spyOn(fs, 'read').mockImplementation(((...args: [...unknown[], (error: Error | null, bytes: number) => void]) => {
      const [ms, done] = [reads.shift(), args.at(-1) as (error: Error | null, bytes: number) => void]
      // The first is slow, so another one follows it ahead.
      void setTimeout(ms).then(() => (ms === 0 ? done(new Error('EIO'), 0) : done(null, 5)))
    }) as typeof fs.read)
    try {
      const chunks = readRange(0, chunkBuffers(10))
      expect((await chunks.next()).value).toHaveLength(5)
      await setTimeout(20)
      expect(unhandled).not.toHaveBeenCalled()
      await expect(chunks.next()).rejects.toThrow('EIO')
      expect(reads).toEqual([])
    } finally {
      read.mockRestore()
      process.off('unhandledRejection', unhandled)
    }
  })
})
