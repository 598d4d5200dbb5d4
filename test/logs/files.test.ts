import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { fileLogs } from 'spanlog/logs'
import { describeLogSource, type LogStoreUnderTest, type PushedLine } from '../contract/log-source.js'

/** One file per stream; each push is appended, compressed as a member of its own if so. */
async function makeStore(compress?: (text: string) => Buffer): Promise<LogStoreUnderTest> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spanlog-test-'))
  // Without a file the folder would be one that holds no logs.
  await writeFile(path.join(folder, 'empty.log'), '')
  return {
    source: fileLogs({ paths: folder }),
    // What is packed does not grow.
    supports: { metadata: false, follow: compress === undefined },
    async push(lines) {
      const streams = new Map<string, PushedLine[]>()
      for (const line of lines) {
        const stream = line.labels?.['stream'] ?? 'main'
        streams.set(stream, [...(streams.get(stream) ?? []), line])
      }
      for (const [stream, own] of streams) {
        const text = own.map(({ line }) => `${line}\n`).join('')
        await appendFile(path.join(folder, `${stream}.ndjson`), compress ? compress(text) : text)
      }
    },
    close: () => rm(folder, { recursive: true }),
  }
}

describeLogSource('fileLogs over plain files', () => makeStore())
describeLogSource('fileLogs over gzipped files of many members', () => makeStore(gzipSync))
