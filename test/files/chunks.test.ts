import { mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { chunkBuffers, fileChunks } from '../../src/files/chunks.js'

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
