import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs, { readdirSync, readlinkSync } from 'node:fs'
import { link, mkdir, mkdtemp, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { type FileLogsOptions, fileLogs, type LogQueryOptions } from 'spanlog/logs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'spanlog-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

const at = (...names: string[]): string => path.join(folder, ...names)
const line = (ms: number, msg: string, traceId = TRACE): string => JSON.stringify({ time: 1_700_000_000_000 + ms, trace_id: traceId, msg })
const text = (...lines: string[]): string => lines.map((each) => `${each}\n`).join('')

async function collect(paths: FileLogsOptions['paths'], options: Partial<FileLogsOptions> = {}, query: LogQueryOptions = {}) {
  const { entries, verdict } = await fileLogs({ paths, ...options })
    .forTrace(TRACE, query)
    .collect()
  const files = entries.map(({ labels }) => path.relative(folder, labels['file'] ?? ''))
  return { entries, verdict, files, messages: entries.map(({ message }) => message), codes: verdict.reasons.map(({ code }) => code) }
}

describe('which files are read', () => {
  it('a folder: its log files at any depth, rotated and compressed ones too, and nothing else', async () => {
    await mkdir(at('deep', 'er'), { recursive: true })
    const names = [
      'app.log',
      'app.log.1',
      'app.log.2.gz',
      'app.1.log',
      'app.log-20261120',
      'app.log-20261119.gz',
      'deep/a.json',
      'deep/a.ndjson',
      'deep/a.jsonl',
      'deep/a.logfmt',
      'deep/er/a.TXT',
    ]
    for (const [n, name] of names.entries()) {
      const content = text(line(names.length - n, name))
      await writeFile(at(name), name.endsWith('.gz') ? gzipSync(content) : content)
    }
    for (const name of ['notes.md', 'app.log.swp', 'app', 'log', 'app.logs']) await writeFile(at(name), text(line(0, name)))
    const { messages, files, verdict } = await collect(folder)
    expect(messages).toEqual(names.toReversed())
    expect(files).toEqual(messages)
    expect(verdict).toMatchObject({ complete: true, entries: names.length })
    expect(verdict.reasons).toMatchObject([{ code: 'HOLDS_FOR', message: expect.stringContaining(`${names.length} files`) }])
  })

  it('a rotated file in a folder that is packed in a way that is not read: the verdict says so', async () => {
    await writeFile(at('app.log'), text(line(1, 'new')))
    await writeFile(at('app.log.2.xz'), Buffer.from('fd377a585a000004', 'hex'))
    const { messages, codes } = await collect(folder)
    expect({ messages, codes }).toEqual({ messages: ['new'], codes: ['FILE_UNREADABLE'] })
  })

  it('a file that is named, whatever its ending; gzip is told by its content', async () => {
    await writeFile(at('plain'), text(line(1, 'plain')))
    await writeFile(at('packed.log'), gzipSync(text(line(2, 'packed'))))
    await writeFile(at('not-packed.gz'), text(line(3, 'not packed')))
    expect((await collect([at('plain'), at('packed.log'), at('not-packed.gz')])).messages).toEqual(['plain', 'packed', 'not packed'])
  })

  it('and says so of one that cannot be looked at in a folder that a pattern stands for', async () => {
    await mkdir(at('x'))
    await mkdir(at('y'))
    await writeFile(at('x', 'a.log'), text(line(1, 'x')))
    await writeFile(at('y', 'a.log'), text(line(1, 'y')))
    const denied = (name: unknown) => String(name) === at('y', 'a.log')
    for (const call of ['lstat', 'stat'] as const) {
      const asEver = fs.promises[call].bind(fs.promises)
      const deny = (name: string, ...rest: []) =>
        denied(name) ? Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })) : asEver(name, ...rest)
      vi.spyOn(fs.promises, call).mockImplementation(deny as never)
    }
    try {
      const { messages, codes } = await collect(at('*', 'a.log'))
      expect({ messages, codes }).toEqual({ messages: ['x'], codes: ['FILE_UNREADABLE'] })
    } finally {
      vi.restoreAllMocks()
    }
  })

  it('what a pattern stands for, and nothing where that is nothing', async () => {
    await writeFile(at('a.log'), text(line(1, 'a')))
    await writeFile(at('b.txt'), text(line(2, 'b')))
    expect((await collect(at('*.log'))).messages).toEqual(['a'])
    expect((await collect(at('*.ndjson'))).verdict).toMatchObject({
      complete: false,
      reasons: [{ code: 'FILE_UNREADABLE', message: expect.stringContaining('*.ndjson is a pattern with no log file in it') }],
    })
  })

  it('each file once, though it has several names and lies under several paths', async () => {
    await mkdir(at('in'))
    await writeFile(at('in', 'app.log'), text(line(1, 'once')))
    await link(at('in', 'app.log'), at('in', 'hard.log'))
    await symlink(at('in', 'app.log'), at('in', 'soft.log'))
    await symlink(folder, at('in', 'up'))
    const { messages, files, verdict } = await collect([folder, folder, at('in'), at('in', 'hard.log')])
    expect([messages, files]).toEqual([['once'], ['in/app.log']])
    expect(verdict.complete).toBe(true)
  })

  it('of a rotated set the oldest first, where times are equal', async () => {
    for (const name of ['app.log.2.gz', 'app.log.1', 'app.log']) {
      const content = text(line(1, `${name} a`), line(1, `${name} b`))
      await writeFile(at(name), name.endsWith('.gz') ? gzipSync(content) : content)
      // Times of files are as coarse as the kernel's clock.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const wanted = ['app.log.2.gz a', 'app.log.2.gz b', 'app.log.1 a', 'app.log.1 b', 'app.log a', 'app.log b']
    expect((await collect(folder)).messages).toEqual(wanted)
  })

  describe('that were copied', () => {
    const whole = text(line(1, 'a'), line(2, 'b'))

    it.each<[string, string, string | Buffer]>([
      ['by copytruncate, which is about to cut it', 'app.log.1', whole],
      ['by copytruncate, and not yet to the end', 'app.log.1', whole.slice(0, 80)],
      ['under a date', 'app.log-20261121', whole],
      ['and packed', 'app.log.gz', gzipSync(whole)],
      ['and packed under a number', 'app.log.2.gz', gzipSync(whole)],
    ])('a rotated copy of a file that is read, made %s, is not read, and the proof says so', async (_, name, content) => {
      await writeFile(at(name), content)
      await writeFile(at('app.log'), whole + text(line(3, 'c')))
      const { messages, files, verdict } = await collect(folder)
      expect([messages, new Set(files)]).toEqual([['a', 'b', 'c'], new Set(['app.log'])])
      expect(verdict).toMatchObject({ complete: true, reasons: [{ message: expect.stringContaining(`not read: ${at(name)}, whose`) }] })
    })

    it('and packed, beside a copy of a file that is read: that one alone is', async () => {
      await writeFile(at('app.log'), whole)
      await writeFile(at('app.log.1'), whole)
      await writeFile(at('app.log.1.gz'), gzipSync(whole))
      expect((await collect(folder)).files).toEqual(['app.log', 'app.log'])
    })

    it.each<[string, string, string]>([
      ['has another line', 'app.log.1', text(line(1, 'a'), line(9, 'x'))],
      ['goes on after it', 'app.log.1', whole + text(line(3, 'c'), line(4, 'd'))],
      ['has a name that rotation does not give', 'app-copy.log', whole],
      ['is of another set', 'app2.log.1', whole],
    ])('a file that %s is read', async (_, name, content) => {
      await writeFile(at('app.log'), whole + text(line(3, 'c')))
      await writeFile(at(name), content)
      expect((await collect(folder)).files).toContain(name)
    })

    it('is read where it is the only one that is asked for', async () => {
      await writeFile(at('app.log'), whole)
      await writeFile(at('app.log.1'), whole)
      expect((await collect(at('app.log.1'))).messages).toEqual(['a', 'b'])
    })
  })

  it.each<[string, (lines: string) => string]>([
    ['in one line', (lines) => `{"trace":{"traceId":"${TRACE}","spans":[]},"entries":[${lines}]}\n`],
    ['line by line', (lines) => `{"trace":{"traceId":"${TRACE}","spans":[]},\n"entries":[\n${lines}],\n"verdict":{"complete":true}}\n`],
    ['without spans', (lines) => `{"trace":null,\n"entries":[\n${lines}]}\n`],
    ['indented', (lines) => `{\n  "trace": {\n    "traceId": "${TRACE}",\n    "spans": []\n  },\n  "entries": [\n${lines}]\n}\n`],
  ])('a trace that spanlog has written, %s, is no log, and the proof says so', async (_, document) => {
    await writeFile(at('a.log'), text(line(1, 'a'), line(2, 'b')))
    await writeFile(at('a.json'), document([line(1, 'a'), line(2, 'b')].join(',\n')))
    const { messages, files, verdict } = await collect(folder)
    expect([messages, files]).toEqual([
      ['a', 'b'],
      ['a.log', 'a.log'],
    ])
    expect(verdict).toMatchObject({
      complete: true,
      mentions: 0,
      reasons: [{ message: expect.stringContaining(`not read: ${at('a.json')}, a trace`) }],
    })
  })

  it('a line that begins as such a trace does is read', async () => {
    await writeFile(at('a.log'), text(JSON.stringify({ trace: { id: TRACE }, message: 'ECS' })))
    expect((await collect(folder)).messages).toEqual(['ECS'])
  })

  it.each<[string, () => Promise<string>]>([
    ['a missing file', async () => at('gone.log')],
    ['a missing folder', async () => at('gone', 'app.log')],
    ['a file used as a folder', async () => at('good.log', 'app.log')],
    ['a folder with no log file in it', async () => (await mkdir(at('empty')), at('empty'))],
    ['a link to itself', async () => (await symlink('loop.log', at('loop.log')), at('loop.log'))],
    [
      'a folder with a dangling link of a log file’s name',
      async () => (await mkdir(at('d')), await symlink('x', at('d', 'a.log')), at('d')),
    ],
    [
      'a gzip file that was cut short',
      async () => (await writeFile(at('cut.log.gz'), gzipSync(text(line(2, 'x'))).subarray(0, -9)), at('cut.log.gz')),
    ],
    ...(
      [
        ['a zstd file that was cut short', '28b52ffd0000'],
        ['an xz file', 'fd377a585a000004'],
        ['a bzip2 file', '425a68393141592653590000'],
        ['an empty bzip2 file', '425a683917724538509000000000'],
        ['an lz4 file', '04224d186440'],
        ['a zip archive', '504b03041400'],
        ['UTF-16, the lower byte first', 'fffe7b002200'],
        ['UTF-16, the higher byte first', 'feff007b0022'],
        ['UTF-16 without a mark', '7b0022007400690022003a00'],
        ['UTF-16 without a mark, the higher byte first', '007b00220074006900220030'],
      ] as const
    ).map(([name, head]): [string, () => Promise<string>] => [
      name,
      async () => (await writeFile(at('a.log'), Buffer.from(head, 'hex')), at('a.log')),
    ]),
  ])('%s: the others are read, and the verdict says so', async (_, make) => {
    await writeFile(at('good.log'), text(line(1, 'good')))
    const bad = await make()
    const { messages, verdict } = await collect([bad, at('good.log')])
    expect(messages).toContain('good')
    expect(verdict.complete).toBe(false)
    expect(verdict.reasons).toMatchObject([{ code: expect.stringMatching(/^FILE_/), message: expect.stringContaining(bad) }])
  })

  it.skipIf(process.getuid?.() === 0)('a file without permission: the others are read, and the verdict says so', async () => {
    await writeFile(at('good.log'), text(line(1, 'good')))
    await writeFile(at('secret.log'), text(line(1, 'secret')), { mode: 0o000 })
    const { messages, verdict, codes } = await collect(folder)
    expect(messages).toEqual(['good'])
    expect([verdict.complete, codes]).toEqual([false, ['FILE_UNREADABLE']])
  })

  it('a gzip file of several megabytes and members', async () => {
    // Hex of random bytes stays half as long as it is: many chunks of the compressed file, too.
    const noise = () => line(0, randomBytes(500).toString('hex'), OTHER)
    const member = (n: number) =>
      gzipSync(text(...Array.from({ length: 3000 }, (_, i) => (i % 100 === 0 ? line(n * 3000 + i, `${n} ${i}`) : noise()))))
    await writeFile(at('a.log.gz'), Buffer.concat([0, 1, 2, 3].map(member)))
    const { messages, verdict } = await collect(folder)
    expect(messages).toEqual([0, 1, 2, 3].flatMap((n) => Array.from({ length: 30 }, (_, i) => `${n} ${i * 100}`)))
    expect(verdict.complete).toBe(true)
  })

  it('standard input, once, compressed or not', () => {
    const script = `import { fileLogs } from 'spanlog/logs'
      const { entries, verdict } = await fileLogs({ paths: '-' }).forTrace('${TRACE}').collect()
      console.log(entries.length, verdict.complete)`
    for (const input of [text(line(1, 'a'), line(2, 'b')), gzipSync(text(line(1, 'a'), line(2, 'b')))]) {
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { input })
      expect([String(stdout), String(stderr)]).toEqual(['2 true\n', ''])
    }
  })

  it.each<[string, FileLogsOptions]>([
    ['no path', { paths: [] }],
    ['an empty path', { paths: ['a.log', ''] }],
    ['a path that is no string', { paths: 7 as unknown as string }],
    ['an option that does not exist', { path: 'a.log' } as unknown as FileLogsOptions],
    ['no memory', { paths: 'a.log', memoryBytes: 0 }],
    ['a size as a text', { paths: 'a.log', maxLineBytes: '1' as unknown as number }],
  ])('refuses %s', (_, options) => {
    expect(() => fileLogs(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('files that change while they are read', () => {
  /** The query has listed its files, and waits for the pipe, when `change` runs. */
  async function collectWhile(paths: string[], change: () => Promise<void>) {
    execFileSync('mkfifo', [at('a-pipe')])
    const collecting = collect([at('a-pipe'), ...paths])
    const pipe = await open(at('a-pipe'), 'w')
    await change()
    await pipe.write(text(line(0, 'from the pipe')))
    await pipe.close()
    return collecting
  }

  it('a file that got another name is read under that one, and the new one too', async () => {
    await mkdir(at('logs'))
    await writeFile(at('logs', 'b.log'), text(line(1, 'old')))
    const { messages, verdict } = await collectWhile([at('logs')], async () => {
      await rename(at('logs', 'b.log'), at('logs', 'b.log.1'))
      await writeFile(at('logs', 'b.log'), text(line(2, 'new')))
    })
    expect(messages).toEqual(['from the pipe', 'old', 'new'])
    expect(verdict.complete).toBe(true)
  })

  it('a file whose new name nobody knows makes the verdict incomplete', async () => {
    await writeFile(at('b.log'), text(line(1, 'old')))
    const { messages, verdict, codes } = await collectWhile([at('b.log')], async () => {
      await rename(at('b.log'), at('b.log.1'))
      await writeFile(at('b.log'), text(line(2, 'new')))
    })
    expect(messages).toEqual(['from the pipe', 'new'])
    expect([verdict.complete, codes]).toEqual([false, ['FILE_UNREADABLE']])
  })
})

/** Empty where the link is gone since it was listed. */
function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

describe('an abort', () => {
  it('does not wait for a pipe that nobody writes to', async () => {
    execFileSync('mkfifo', [at('a-pipe')])
    const controller = new AbortController()
    const collecting = collect(at('a-pipe'), {}, { signal: controller.signal })
    const pipe = await open(at('a-pipe'), 'w')
    controller.abort()
    expect((await collecting).verdict).toMatchObject({ complete: false, reasons: [{ code: 'ABORTED' }] })
    await pipe.close()
  })

  it.skipIf(process.platform !== 'linux')('stops the reading of a file and lets go of it', async () => {
    // A terabyte of nothing: reading it would take minutes.
    await writeFile(at('a.log'), '')
    await truncate(at('a.log'), 2 ** 40)
    const isOpen = (): boolean => readdirSync('/proc/self/fd').some((fd) => linkOf(`/proc/self/fd/${fd}`).startsWith(folder))
    const controller = new AbortController()
    const collecting = collect(folder, {}, { signal: controller.signal })
    await vi.waitUntil(isOpen, { timeout: 60_000 })
    controller.abort()
    expect((await collecting).verdict).toMatchObject({ complete: false, reasons: [{ code: 'ABORTED' }] })
    await vi.waitUntil(() => !isOpen(), { timeout: 60_000 })
  })
})

describe('lines of a file', () => {
  it('the last one needs no line feed, and CRLF is a line break', async () => {
    await writeFile(at('a.log'), `${line(1, 'a')}\r\n${line(2, 'b')}\n\n${line(3, 'c')}`)
    const { entries, verdict } = await collect(folder)
    expect(entries.map((entry) => entry.line)).toEqual([line(1, 'a'), line(2, 'b'), line(3, 'c')])
    expect(verdict.complete).toBe(true)
  })

  it('one without a time stays behind its predecessor, in a window too', async () => {
    await writeFile(at('a.log'), text(`first trace_id=${TRACE}`, line(5, 'a'), `timeless trace_id=${TRACE}`, line(9, 'd')))
    await writeFile(at('b.log'), text(line(4, 'before'), line(6, 'after')))
    const wanted = [`first trace_id=${TRACE}`, 'before', 'a', `timeless trace_id=${TRACE}`, 'after', 'd']
    expect((await collect(folder)).messages).toEqual(wanted)
    const from = 1_700_000_000_005_000_000n
    expect((await collect(at('a.log'), {}, { from, to: from + 1n })).messages).toEqual(
      wanted.filter((_, n) => n === 0 || n === 2 || n === 3),
    )
  })

  it('what a container runtime wrapped is read from inside, with the outer time where there is no other', async () => {
    const inner = JSON.stringify({ level: 'warn', trace_id: TRACE, msg: 'inside' })
    const docker = JSON.stringify({ log: `${inner}\n`, stream: 'stderr', time: '2023-11-14T22:13:20.000000001Z' })
    const cri = `2023-11-14T22:13:20.000000002Z stdout F ${inner}`
    await writeFile(at('a.log'), text(cri, docker))
    const { entries } = await collect(folder)
    const common = { message: 'inside', severity: { number: 13, text: 'warn' }, fields: JSON.parse(inner) as object }
    expect(entries).toMatchObject([
      { ...common, line: docker, timeUnixNano: 1_700_000_000_000_000_001n },
      { ...common, line: cri, timeUnixNano: 1_700_000_000_000_000_002n },
    ])
  })

  it.each([
    ['at its beginning', (pad: string) => `{"trace_id":"${TRACE}","pad":"${pad}"}`],
    ['at its end', (pad: string) => `{"pad":"${pad}","trace_id":"${TRACE}"}`],
  ])('one over the cap with the ID %s is skipped, and the verdict says so', async (_, make) => {
    await writeFile(at('a.log'), text(line(1, 'a'), make('x'.repeat(5_000_000)), line(2, 'b'), `{"pad":"${'y'.repeat(5_000_000)}"}`))
    const { messages, verdict, codes } = await collect(folder, { maxLineBytes: 2_000_000 })
    expect(messages).toEqual(['a', 'b'])
    expect(verdict).toMatchObject({ complete: false, skipped: 1 })
    expect(codes).toContain('FILE_MALFORMED')
  })

  it.each([
    ['OTLP', `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${TRACE}"`, true],
    ['Tempo', ` { "batches": [{"scopeSpans":[{"spans":[{"traceId":"${TRACE}"`, true],
    ['Jaeger', `{"data":[{"traceID":"${TRACE}","spans":[{"traceID":"${TRACE}"`, true],
    ['Zipkin', `[{"traceId":"${TRACE}"`, true],
    ['OTLP, but of logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"${TRACE}"`, false],
  ])('one over the cap that is a document of spans is no line of a log: %s', async (_, document, complete) => {
    // Within one chunk, and over several.
    for (const length of [10_000, 2_500_000]) {
      await writeFile(at('a.json'), text(line(1, 'a'), `${document},"pad":"${'x'.repeat(length)}"}]}]}]}`))
      const { messages, verdict } = await collect(folder, { maxLineBytes: 5000 })
      expect([messages, verdict.complete]).toEqual([['a'], complete])
    }
  })

  it.each([3, 5000, 2_500_000])(
    'one behind a hole of %i bytes, as copytruncate leaves it to a writer that does not append, is read',
    async (hole) => {
      await writeFile(at('a.log'), Buffer.concat([Buffer.from(text(line(1, 'a'))), Buffer.alloc(hole), Buffer.from(text(line(2, 'b')))]))
      await writeFile(at('b.log'), Buffer.concat([Buffer.alloc(hole), Buffer.from(line(3, 'c'))]))
      const { messages, verdict } = await collect(folder, { maxLineBytes: 1_500_000 })
      expect([messages, verdict.complete]).toEqual([['a', 'b', 'c'], true])
    },
  )

  it('one of 5 MB under the cap is an entry', async () => {
    const long = line(1, 'x'.repeat(5_000_000))
    await writeFile(at('a.log'), text(line(0, 'a'), long, line(2, 'b')))
    expect((await collect(folder)).entries.map((entry) => entry.line.length)).toEqual([
      line(0, 'a').length,
      long.length,
      line(2, 'b').length,
    ])
  })
})

describe('a proof', () => {
  const proofOf = async (traceId: string): Promise<string> =>
    (await fileLogs({ paths: folder }).forTrace(traceId).verdict()).reasons.map(({ message }) => message).join()

  it('counts the files, and names the forms that were searched for', async () => {
    await writeFile(at('a.log'), '')
    const forms = 'as 32 hex digits of one case, as 1-8-24, or as its low 64 bits in decimal'
    expect(await proofOf(TRACE)).toMatch(new RegExp(`^1 file \\(.+\\), .+ with the ID ${forms}$`))
    await writeFile(at('b.log'), '')
    expect(await proofOf(TRACE)).toMatch(/^2 files /)
  })

  it('says of an ID with few decimal digits that they were not searched for', async () => {
    const few = `${'a'.repeat(16)}${(10n ** 14n - 1n).toString(16).padStart(16, '0')}`
    const enough = `${'a'.repeat(16)}${(10n ** 14n).toString(16).padStart(16, '0')}`
    await writeFile(at('a.log'), text(`{"dd.trace_id":"99999999999999"}`, `{"dd.trace_id":"100000000000000"}`))
    expect(await proofOf(few)).toMatch(
      /; not as its low 64 bits in decimal \(99999999999999\), since fewer than 15 digits are not searched for$/,
    )
    expect(await proofOf(enough)).toMatch(/or as its low 64 bits in decimal$/)
    const entries = await Promise.all([few, enough].map(async (id) => (await fileLogs({ paths: folder }).forTrace(id).verdict()).entries))
    expect(entries).toEqual([0, 1])
  })
})

describe('bounded memory', () => {
  it('sorted parts that went to a temporary file come back in the same order', async () => {
    const count = 3000
    const content = Array.from({ length: count }, (_, n) => line((n * 7919) % 500, `\u2028 ${n} \r "é"`))
    const plain = [`${TRACE} trace_id=${TRACE} 1 2 3`, `trace_id=${TRACE} 4\r\r`, `trace_id=${TRACE} `]
    await writeFile(at('a.log'), text(...content.slice(0, 2000), ...plain))
    await writeFile(at('b.log.gz'), gzipSync(text(...content.slice(2000))))
    const inMemory = await collect(folder)
    const spilled = await collect(folder, { memoryBytes: 20_000 })
    expect(inMemory.entries).toHaveLength(count + plain.length)
    expect(spilled).toEqual(inMemory)
  })

  it('what was read is there, and the verdict says why not all was, where the temporary folder is full', async () => {
    await writeFile(at('a.log'), text(...Array.from({ length: 100 }, (_, n) => line(100 - n, `a${n}`))))
    await writeFile(at('b.log'), text(line(1000, 'b')))
    const openAsEver = fs.promises.open.bind(fs.promises)
    const full = vi
      .spyOn(fs.promises, 'open')
      .mockImplementation((name, ...rest) =>
        path.basename(String(name)) === 'run' ? openAsEver('/dev/full', 'w+') : openAsEver(name, ...rest),
      )
    try {
      const { messages, verdict } = await collect(folder, { memoryBytes: 10_000 })
      expect(messages).toEqual(Array.from({ length: messages.length }, (_, n) => `a${messages.length - 1 - n}`))
      expect(messages.length).toBeGreaterThan(10)
      expect(verdict).toMatchObject({ complete: false, reasons: [{ code: 'TEMPORARY_UNWRITABLE' }] })
      expect(verdict.reasons[0]?.message).toContain(`the temporary folder ${os.tmpdir()} takes none, so that not all were read: ENOSPC`)
    } finally {
      full.mockRestore()
    }
  })

  it('so do lines that are longer than what is read of it at a time', async () => {
    const lengths = [10, 32_000, 33_000, 70_000, 10, 200_000]
    await writeFile(at('a.log'), text(...lengths.map((length, n) => line(9 - n, `${n}${'x'.repeat(length)}`))))
    for (const memoryBytes of [1, 100_000]) {
      const { messages, verdict } = await collect(folder, { memoryBytes })
      expect(messages.map((message = '') => [Number(message[0]), message.length - 1])).toEqual([...lengths.entries()].toReversed())
      expect(verdict.complete).toBe(true)
    }
  })

  it('200 MB, of which 100 MB are of the trace, within a heap of 48 MB', async () => {
    const file = await open(at('a.log'), 'w')
    const pad = 'x'.repeat(4000)
    const perBlock = 250
    for (let block = 0; block < 200; block++) {
      const id = block % 2 === 0 ? TRACE : OTHER
      await file.write(text(...Array.from({ length: perBlock }, (_, n) => line(1_000_000 - block * perBlock - n, pad, id))))
    }
    await file.close()
    const script = `import { fileLogs } from 'spanlog/logs'
      const query = fileLogs({ paths: process.argv[1], memoryBytes: 8 << 20 }).forTrace('${TRACE}')
      let count = 0, sorted = true, last = 0n
      for await (const { timeUnixNano } of query) { count++; sorted &&= timeUnixNano > last; last = timeUnixNano }
      console.log(JSON.stringify({ count, sorted, complete: (await query.verdict()).complete }))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--max-old-space-size=48', '--input-type=module', '-e', script, at('a.log')])
    expect(String(stderr)).toBe('')
    expect(JSON.parse(String(stdout))).toEqual({ count: 25_000, sorted: true, complete: true })
  })
})
