import { pbkdf2, randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { EventEmitter, once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, Readable } from 'node:stream'
import type { Row } from './row.js'

export const system: Row[] = [
  { where: '`fs`: a callback', run: ({ see }) => fs.readFile(import.meta.filename, () => see()) },
  {
    where: '`fs/promises`',
    async run({ see }) {
      await fs.promises.readFile(import.meta.filename)
      see()
    },
  },
  {
    where: '`fs.createReadStream`: `data` and `end`',
    async run({ see }) {
      const stream = fs
        .createReadStream(import.meta.filename)
        .on('data', see)
        .on('end', see)
      await once(stream, 'close')
    },
  },
  {
    where: '`fs.watch` started here: `change`, where another request writes',
    async run({ see, elsewhere, after }) {
      const dir = fs.mkdtempSync(path.join(tmpdir(), 'spanlog-watch-'))
      const watcher = fs.watch(dir).on('change', see)
      after(() => watcher.close())
      after(() => fs.rmSync(dir, { recursive: true }))
      const changed = once(watcher, 'change')
      elsewhere(() => fs.writeFileSync(path.join(dir, 'a'), 'a'))
      await changed
    },
  },
  { where: '`dns`: a callback', run: ({ see }) => dns.lookup('localhost', () => see()) },
  {
    where: '`dns/promises`',
    async run({ see }) {
      await dns.promises.lookup('localhost')
      see()
    },
  },
  {
    where: '`crypto`: a callback (`pbkdf2`, `randomBytes`)',
    run({ see }) {
      pbkdf2('a', 'b', 1, 8, 'sha256', () => see())
      return new Promise((resolve) => randomBytes(8, () => resolve(see())))
    },
  },
  {
    where: '`readline`: `line`, of a stream read in the trace',
    async run({ see }) {
      const lines = createInterface(Readable.from(['a\n', 'b\n'])).on('line', see)
      await once(lines, 'close')
    },
  },
  {
    where: '`readline`: `line`, of a stream that another request feeds',
    how: '`bindTrace(lines)` before listeners are added',
    async run({ see, bind, elsewhere }) {
      const input = new PassThrough()
      const lines = bind(createInterface(input) as EventEmitter)
      lines.on('line', () => see())
      elsewhere(() => input.end('a\n'))
      await once(lines, 'close')
    },
  },
  {
    where: '`for await` of `readline`, whoever feeds it',
    async run({ see, elsewhere }) {
      const input = new PassThrough()
      const lines = createInterface(input)
      setImmediate(() => elsewhere(() => input.end('a\n')))
      for await (const _ of lines) see()
    },
  },
  {
    where: '`readline.question`: the callback, where another request feeds the stream',
    how: '`lines.question(text, bindTrace(callback))`',
    async run({ see, bind, elsewhere }) {
      const input = new PassThrough()
      const lines = createInterface(input)
      lines.question(
        '',
        bind(() => see()),
      )
      elsewhere(() => input.end('a\n'))
      await once(lines, 'close')
    },
  },
]
