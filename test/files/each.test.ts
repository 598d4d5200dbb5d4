import { mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { SpanlogError } from 'spanlog'
import { expect, it } from 'vitest'
import { eachFile } from '../../src/files/each.js'

it('a copy is read after all where its original is cut when it is to be read in its stead', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
  try {
    const [original, copy] = [path.join(folder, 'app.log'), path.join(folder, 'app.log.1')]
    const content = 'line\n'.repeat(1000)
    writeFileSync(original, content)
    writeFileSync(copy, content)
    // As one that was rotated before: the first to be read.
    utimesSync(copy, 1_700_000_000, 1_700_000_000)
    const read: Record<string, string> = {}
    const failures: SpanlogError[] = []
    const copies: string[] = []
    await eachFile([folder], { signal: undefined, fail: (error) => failures.push(error), copy: (at) => copies.push(at) }, async (file) => {
      if (file.path === original) truncateSync(original, 10)
      let text = ''
      for await (const chunk of file.chunks()) text += Buffer.from(chunk).toString()
      read[path.basename(file.path)] = text
    })
    expect(read).toEqual({ 'app.log': content.slice(0, 10), 'app.log.1': content })
    expect([copies, failures]).toEqual([[], []])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
