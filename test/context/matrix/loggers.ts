import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { correlationId } from 'spanlog'
import pino from 'spanlog/pino'
import winston from 'spanlog/winston'
import { eventually } from '../../support/http.js'
import type { Place, Row } from './row.js'

type Line = { trace_id?: string; msg?: string; message?: string }

function read(line: string): Line {
  return JSON.parse(line) as Line
}

// winston's types know it as a type alone.
const { Transport } = winston as unknown as { Transport: new () => winston.transport }

/** Takes a line at a time: what comes meanwhile waits, as do the formats. */
class SlowTransport extends Transport {
  constructor(private readonly take: (line: string) => void) {
    super()
  }

  override log(info: Record<symbol, string>, done: () => void): void {
    this.take(info[Symbol.for('message')] ?? '')
    setImmediate(done)
  }
}

async function folder({ after }: Place): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'spanlog-matrix-'))
  after(() => rm(dir, { recursive: true }))
  return dir
}

export const loggers: Row[] = [
  {
    where: 'a line of winston under back-pressure, which its formats and transports get while another request writes',
    async run({ saw, elsewhere, outside }) {
      const lines: string[] = []
      const log = outside(() =>
        winston.createLogger({
          transports: new SlowTransport((line) => lines.push(line)),
        }),
      )
      for (let i = 0; i < 40; i++) elsewhere(() => log.info('theirs'))
      log.info('ours')
      for (let i = 0; i < 40; i++) elsewhere(() => log.info('theirs'))
      await eventually(() => lines.length === 81)
      saw(lines.map(read).find(({ message }) => message === 'ours')?.trace_id)
    },
  },
  {
    where: "what winston's own formats see of the active trace (`correlationId()` in a format), under back-pressure",
    how: "read `info.trace_id`, which is the line's",
    async run({ saw, remedied, elsewhere, outside }) {
      let count = 0
      const format = winston.format((info) => {
        if (info.message === 'ours') saw(remedied ? (info.trace_id as string) : correlationId())
        return info
      })
      const log = outside(() =>
        winston.createLogger({
          format: winston.format.combine(format(), winston.format.json()),
          transports: new SlowTransport(() => count++),
        }),
      )
      for (let i = 0; i < 40; i++) elsewhere(() => log.info('theirs'))
      log.info('ours')
      for (let i = 0; i < 40; i++) elsewhere(() => log.info('theirs'))
      await eventually(() => count === 81)
    },
  },
  {
    where: 'a line of pino behind a transport, which is a worker thread',
    async run(place) {
      const file = path.join(await folder(place), 'out.log')
      const log = place.outside(() => pino({ transport: { target: 'pino/file', options: { destination: file } } }))
      place.elsewhere(() => log.info('theirs'))
      log.info('ours')
      const text = await eventuallyText(file, 'ours')
      place.saw(
        text
          .split('\n')
          .filter(Boolean)
          .map(read)
          .find(({ msg }) => msg === 'ours')?.trace_id,
      )
    },
  },
  {
    where: 'a line of pino behind an asynchronous destination (`destination({ sync: false, minLength })`)',
    async run(place) {
      const file = path.join(await folder(place), 'out.log')
      const destination = place.outside(() => pino.destination({ dest: file, sync: false, minLength: 4096 }))
      await once(destination, 'ready')
      const log = pino(destination)
      log.info('ours')
      place.elsewhere(() => {
        log.info('theirs')
        destination.end()
      })
      await once(destination, 'close')
      const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean)
      place.saw(lines.map(read).find(({ msg }) => msg === 'ours')?.trace_id)
    },
  },
  {
    where: 'a line of a child logger that another request made',
    run({ saw, elsewhere }) {
      const lines: string[] = []
      const child = elsewhere(() => pino({}, { write: (line: string) => lines.push(line) }).child({ a: 1 }))
      child.info('ours')
      saw(read(lines[0] ?? '').trace_id)
    },
  },
]

async function eventuallyText(file: string, part: string): Promise<string> {
  for (let i = 0; i < 12_000; i++) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.includes(part) && text.endsWith('\n')) return text
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${part} did not come`)
}
