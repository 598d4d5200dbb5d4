import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { type FileLogsOptions, fileLogs, type LogEntry, type LogFollowOptions, type LogGap } from 'spanlog/logs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const readAsEver = fs.read.bind(fs)
const openAsEver = fs.promises.open.bind(fs.promises)

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '4bf92f3577b34da6a3ce929d0e0e4736'

let folder: string
let stop: AbortController
let following: Promise<void> | undefined
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'spanlog-test-'))
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await following
  rmSync(folder, { recursive: true })
})

const at = (...names: string[]): string => path.join(folder, ...names)
let ms = 0
const line = (msg: string, traceId = TRACE): string => `${JSON.stringify({ time: 1_700_000_000_000 + ms++, trace_id: traceId, msg })}\n`
/** Of more bytes than the beginning of a file that is compared with another's. */
const many = (name: string): string => Array.from({ length: 20 }, (_, n) => line(`${name} ${n}`)).join('')
const manyOf = (name: string): string[] => Array.from({ length: 20 }, (_, n) => `${name} ${n}`)

/** What has come so far: messages, and gaps by their code. */
function follow(paths: FileLogsOptions['paths'] = folder, options: LogFollowOptions = {}): string[] {
  const seen: string[] = []
  const read = async (): Promise<void> => {
    const lines = fileLogs({ paths }).follow?.(TRACE, { signal: stop.signal, ...options }) ?? []
    for await (const next of lines) seen.push('gap' in next ? `${next.code}${next.refilled ? ', refilled' : ''}` : (next.message ?? ''))
  }
  following = read()
  return seen
}
const expectSoon = (seen: string[], wanted: string[]) => vi.waitFor(() => expect(seen).toEqual(wanted), { timeout: 60_000, interval: 20 })

describe('follow', () => {
  it('first yields what is there, by time over all files, then each line as it is written', async () => {
    writeFileSync(at('a.log'), line('a1') + line('other', OTHER))
    writeFileSync(at('b.log.gz'), gzipSync(line('b1')))
    writeFileSync(at('a.log.1'), JSON.stringify({ time: 1, trace_id: TRACE, msg: 'oldest' }))
    appendFileSync(at('a.log.1'), '\n')
    const seen = follow()
    await expectSoon(seen, ['oldest', 'a1', 'b1'])
    appendFileSync(at('a.log'), line('a2') + line('other', OTHER) + line('a3'))
    await expectSoon(seen, ['oldest', 'a1', 'b1', 'a2', 'a3'])
  })

  it('yields a line when its line feed is written, and not before', async () => {
    writeFileSync(at('a.log'), '')
    const seen = follow()
    const whole = line('in two pieces')
    appendFileSync(at('a.log'), whole.slice(0, 40))
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(seen).toEqual([])
    appendFileSync(at('a.log'), whole.slice(40))
    await expectSoon(seen, ['in two pieces'])
  })

  it('keeps a stack trace with the line above it, though it is written later', async () => {
    writeFileSync(at('a.log'), '')
    const seen = follow()
    appendFileSync(at('a.log'), `ERROR trace_id=${TRACE} failed\n`)
    await new Promise((resolve) => setTimeout(resolve, 60))
    appendFileSync(at('a.log'), 'Error: refused\n    at charge (payments.js:24:28)\n')
    await expectSoon(seen, [`ERROR trace_id=${TRACE} failed\nError: refused\n    at charge (payments.js:24:28)`])
  })

  it('reads a file to its end that was renamed, and the new one of its name', async () => {
    writeFileSync(at('a.log'), line('1'))
    const seen = follow(at('a.log'))
    await expectSoon(seen, ['1'])
    renameSync(at('a.log'), at('a.log.1'))
    appendFileSync(at('a.log.1'), line('2, by the old descriptor'))
    writeFileSync(at('a.log'), line('3'))
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(['1', '2, by the old descriptor', '3']), { timeout: 60_000 })
    appendFileSync(at('a.log'), line('4'))
    await vi.waitFor(() => expect(seen).toHaveLength(4), { timeout: 60_000 })
  })

  it('does not yield a rotated file again that lies in the same folder, nor what is packed of it', async () => {
    writeFileSync(at('a.log'), many('old'))
    const seen = follow()
    await expectSoon(seen, manyOf('old'))
    renameSync(at('a.log'), at('a.log.1'))
    writeFileSync(at('a.log'), line('new'))
    await expectSoon(seen, [...manyOf('old'), 'new'])
    writeFileSync(at('a.log.1.gz'), gzipSync(many('old')))
    unlinkSync(at('a.log.1'))
    appendFileSync(at('a.log'), line('last'))
    await expectSoon(seen, [...manyOf('old'), 'new', 'last'])
  })

  it('tells that a file was cut, and goes on with what is written then', async () => {
    writeFileSync(at('a.log'), many('old'))
    const seen = follow()
    await expectSoon(seen, manyOf('old'))
    truncateSync(at('a.log'), 0)
    appendFileSync(at('a.log'), line('new'))
    await expectSoon(seen, [...manyOf('old'), 'TRUNCATED', 'new'])
  })

  it('reads in the copy what was written last before a copytruncate, and no line twice', async () => {
    writeFileSync(at('a.log'), many('old'))
    const seen = follow()
    await expectSoon(seen, manyOf('old'))
    appendFileSync(at('a.log'), line('just before'))
    copyFileSync(at('a.log'), at('a.log.1'))
    truncateSync(at('a.log'), 0)
    appendFileSync(at('a.log'), line('new'))
    await vi.waitFor(() => expect(seen).toHaveLength(23), { timeout: 60_000 })
    expect(seen.slice(20).toSorted()).toEqual(['TRUNCATED, refilled', 'just before', 'new'])
    // A copy that nobody cuts the file of is not read at all.
    copyFileSync(at('a.log.1'), at('a.log.2'))
    appendFileSync(at('a.log'), line('last'))
    await vi.waitFor(() => expect(seen).toHaveLength(24), { timeout: 60_000 })
    expect(seen.at(-1)).toBe('last')
  })

  it('does not begin with the copies of a file, nor with a trace that spanlog has written', async () => {
    writeFileSync(at('a.log'), line('a') + line('b'))
    copyFileSync(at('a.log'), at('a.log.1'))
    writeFileSync(at('a.log.2.gz'), gzipSync(readFileSync(at('a.log'))))
    writeFileSync(at('a.json'), `{"trace":{"traceId":"${TRACE}","spans":[]},\n"entries":[\n${line('a')}]}\n`)
    const seen = follow()
    await expectSoon(seen, ['a', 'b'])
    appendFileSync(at('a.log'), line('c'))
    await expectSoon(seen, ['a', 'b', 'c'])
  })

  it('takes up files that come to match', async () => {
    writeFileSync(at('a.log'), line('a'))
    const seen = follow(at('*.log'))
    await expectSoon(seen, ['a'])
    writeFileSync(at('notes.md'), line('no log'))
    writeFileSync(at('b.log'), line('b'))
    await expectSoon(seen, ['a', 'b'])
    appendFileSync(at('b.log'), line('b2'))
    await expectSoon(seen, ['a', 'b', 'b2'])
  })

  it('waits for a file that is not there yet, and says that it is not', async () => {
    const seen = follow(at('a.log'))
    await expectSoon(seen, ['FILE_UNREADABLE'])
    writeFileSync(at('a.log'), line('a'))
    await expectSoon(seen, ['FILE_UNREADABLE', 'a'])
  })

  it('tells of a file that cannot be read, and goes on with the others and with that one when it can be', async () => {
    writeFileSync(at('a.log'), line('a'))
    writeFileSync(at('b.log'), line('b'))
    const seen = follow()
    await expectSoon(seen, ['a', 'b'])
    const { ino } = statSync(at('a.log'))
    const read = vi.spyOn(fs, 'read').mockImplementation(((
      fd: number,
      ...rest: [Buffer, number, number, number, (error: NodeJS.ErrnoException | null) => void]
    ) => {
      if (fs.fstatSync(fd).ino === ino) rest[4](new Error('EIO: i/o error, read'))
      else readAsEver(fd, ...rest)
    }) as typeof fs.read)
    try {
      appendFileSync(at('a.log'), line('a2'))
      appendFileSync(at('b.log'), line('b2'))
      await expectSoon(seen, ['a', 'b', 'FILE_UNREADABLE', 'b2'])
    } finally {
      read.mockRestore()
    }
    await expectSoon(seen, ['a', 'b', 'FILE_UNREADABLE', 'b2', 'FILE_UNREADABLE, refilled', 'a2'])
  })

  it('reads a file that nobody might read at first, such as a rotated one before its rights are set', async () => {
    const opened = vi
      .spyOn(fs.promises, 'open')
      .mockImplementation((name, ...rest) =>
        String(name).endsWith('b.log') ? Promise.reject(new Error('EACCES: permission denied')) : openAsEver(name, ...rest),
      )
    let seen: string[] = []
    try {
      writeFileSync(at('a.log'), line('a'))
      writeFileSync(at('b.log'), line('b'))
      seen = follow()
      await expectSoon(seen, ['FILE_UNREADABLE', 'a'])
    } finally {
      opened.mockRestore()
    }
    await expectSoon(seen, ['FILE_UNREADABLE', 'a', 'FILE_UNREADABLE, refilled', 'b'])
  })

  it('goes on in a file that was written anew with more behind it, as rsync does', async () => {
    writeFileSync(at('a.log'), many('old'))
    const seen = follow(at('a.log'))
    await expectSoon(seen, manyOf('old'))
    copyFileSync(at('a.log'), at('.a.log.tmp'))
    appendFileSync(at('.a.log.tmp'), line('new'))
    renameSync(at('.a.log.tmp'), at('a.log'))
    await expectSoon(seen, [...manyOf('old'), 'new'])
    appendFileSync(at('a.log'), line('last'))
    await expectSoon(seen, [...manyOf('old'), 'new', 'last'])
  })

  it('goes on when the folder of a file has gone, and when it is there again', async () => {
    mkdirSync(at('x'))
    writeFileSync(at('x', 'a.log'), line('a'))
    writeFileSync(at('b.log'), line('b'))
    const seen = follow([at('x'), at('b.log')])
    await expectSoon(seen, ['a', 'b'])
    rmSync(at('x'), { recursive: true })
    writeFileSync(at('x'), 'no folder')
    appendFileSync(at('b.log'), line('b2'))
    await vi.waitFor(() => expect(seen).toContain('b2'), { timeout: 60_000 })
    unlinkSync(at('x'))
    mkdirSync(at('x'))
    writeFileSync(at('x', 'a.log'), line('a2'))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('a2'), { timeout: 60_000 })
  })

  it('yields what fits the memory, and then says so, where the temporary folder takes no more', async () => {
    writeFileSync(at('a.log'), many('old'))
    vi.stubEnv('TMPDIR', at('none'))
    const seen: string[] = []
    const read = async (): Promise<void> => {
      for await (const next of fileLogs({ paths: at('a.log'), memoryBytes: 1000 }).follow?.(TRACE) ?? []) {
        seen.push('gap' in next ? next.code : (next.message ?? ''))
      }
    }
    try {
      await expect(read()).rejects.toThrow(/^TEMPORARY_UNWRITABLE: .*\/none takes none.*TMPDIR.*memoryBytes/)
    } finally {
      vi.unstubAllEnvs()
    }
    expect(seen.length).toBeGreaterThan(0)
    expect(seen).toEqual(manyOf('old').slice(0, seen.length))
  })

  it('yields the last line of a file that is gone, though it has no line feed', async () => {
    const file = at('a.log')
    writeFileSync(file, line('a') + line('b').trimEnd())
    const seen = follow()
    await expectSoon(seen, ['a'])
    unlinkSync(file)
    const now = Date.now.bind(Date)
    const later = vi.spyOn(Date, 'now').mockImplementation(() => now() + 20_000)
    try {
      await vi.waitFor(() => expect(seen).toContain('b'), { timeout: 60_000, interval: 20 })
    } finally {
      later.mockRestore()
    }
    expect(seen.filter((each) => each === 'a' || each === 'b')).toEqual(['a', 'b'])
  })

  it('tells of a broken line in its place', async () => {
    writeFileSync(at('a.log'), `{"msg":"about ${TRACE}\n${line('a')}`)
    await expectSoon(follow(), ['LINES_SKIPPED', 'a'])
  })

  it('begins where it is told to, and leaves mentions out unless they are asked for', async () => {
    const from = 1_700_000_000_000 + ms + 1
    writeFileSync(at('a.log'), line('before') + line('first') + line(`after ${TRACE}`, OTHER))
    const options: LogFollowOptions = { from: new Date(from) }
    const seen = follow(folder, options)
    await expectSoon(seen, ['first'])
    stop.abort()
    await following
    stop = new AbortController()
    await expectSoon(follow(folder, { ...options, mentions: true }), ['first', `after ${TRACE}`])
  })

  it('loses and doubles nothing while a writer writes and rotates', async () => {
    writeFileSync(at('a.log'), '')
    const seen = follow()
    const wanted: string[] = []
    for (let n = 0; n < 300; n++) {
      if (n % 60 === 59) {
        renameSync(at('a.log'), at(`a.log.${n}`))
      }
      const message = `line ${n}`
      appendFileSync(at('a.log'), line(message) + line('other', OTHER))
      wanted.push(message)
      if (n % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await vi.waitFor(() => expect(seen).toHaveLength(wanted.length), { timeout: 60_000 })
    expect(seen.toSorted()).toEqual(wanted.toSorted())
  })

  it('ends without an error when it is aborted, and lets go of everything on break', async () => {
    writeFileSync(at('a.log'), line('a'))
    const seen = follow()
    await expectSoon(seen, ['a'])
    stop.abort()
    await expect(following).resolves.toBeUndefined()
    const first: (LogEntry | LogGap)[] = []
    for await (const next of fileLogs({ paths: folder }).follow?.(TRACE) ?? []) {
      first.push(next)
      break
    }
    expect(first).toMatchObject([{ message: 'a' }])
  })

  it('reads a pipe again when somebody writes to it anew', async () => {
    execFileSync('mkfifo', [at('pipe')])
    const seen = follow(at('pipe'))
    for (const wanted of [['a'], ['a', 'b']]) {
      await fs.promises.writeFile(at('pipe'), line(wanted.at(-1) ?? ''))
      await expectSoon(seen, wanted)
    }
  })

  it('follows standard input to its end, and says that it has ended', async () => {
    const script = `import { fileLogs } from 'spanlog/logs'
      for await (const { gap, code, message } of fileLogs({ paths: '-' }).follow('${TRACE}')) console.log(gap ? code : message)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => (output += String(data)))
    child.stdin.write(line('a'))
    await vi.waitFor(() => expect(output).toBe('a\n'), { timeout: 60_000 })
    child.stdin.write(line('b'))
    await vi.waitFor(() => expect(output).toBe('a\nb\n'), { timeout: 60_000 })
    // To a line of text a stack trace may belong, for a while.
    child.stdin.write(`INFO c trace_id=${TRACE}\n`)
    await vi.waitFor(() => expect(output).toBe(`a\nb\nINFO c trace_id=${TRACE}\n`), { timeout: 60_000 })
    child.stdin.end()
    await once(child, 'close')
    expect(output).toBe(`a\nb\nINFO c trace_id=${TRACE}\nDISCONNECTED\n`)
  })

  it.each<[string, unknown, string]>([
    ['a misspelt option', { form: '2h' }, 'INVALID_OPTION'],
    ['a time in words', { from: 'yesterday' }, 'INVALID_TIME'],
  ])('refuses %s, at the call', (_, options, code) => {
    expect(() => fileLogs({ paths: folder }).follow?.(TRACE, options as LogFollowOptions)).toThrow(expect.objectContaining({ code }))
  })
})
