import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

const otel = ['sdk-trace-node', 'sdk-trace-base', 'instrumentation-pino', 'instrumentation-winston', 'sdk-logs', 'api-logs'].map(
  (name) => `@opentelemetry/${name}`,
)
const app = new Application(Object.fromEntries(['pino', 'winston', ...otel].map((name) => [name, name])))
// A second copy of the package, as a dependency of another version brings along.
cpSync(path.join(app.folder, 'node_modules/spanlog'), path.join(app.folder, 'node_modules/spanlog-other'), { recursive: true })
afterAll(() => app.remove())

interface Result {
  lines: string[]
  events: Record<string, number>
  records: unknown[]
}

/**
 * Runs a program with an SDK that keeps spans and log records in memory. It is to define `pinos` and `winstons`, whose loggers then
 * write one line each inside one span.
 */
async function run(name: string, kind: 'mjs' | 'cjs', program: string): Promise<Result> {
  const file = `${name.replaceAll(/\W/g, '-')}.${kind}`
  app.write(
    file,
    `${kind === 'cjs' ? '' : "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"}
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
    const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')
    const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs')
    const { logs } = require('@opentelemetry/api-logs')
    const spans = new InMemorySpanExporter(), records = new InMemoryLogRecordExporter()
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register()
    logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: records })] }))
    const lines = []
    const out = { write: (line) => lines.push(line.trim()) }
    const { Writable } = require('node:stream')
    const stream = new Writable({ decodeStrings: false, write: (line, _, done) => { lines.push(line.trim()); done() } })
    const options = { base: null, timestamp: false }
    const transports = (winston) => ({ transports: [new winston.transports.Stream({ stream })] })
    ${program}
    require('spanlog').withSpan('job', () => {
      pinos.forEach((log, i) => log.info('pino ' + i))
      winstons.forEach((log, i) => log.info('winston ' + i))
    })
    setImmediate(() => {
      const events = {}
      for (const { name } of spans.getFinishedSpans()[0].events) events[name] = (events[name] ?? 0) + 1
      console.log(JSON.stringify({ lines, events, records: records.getFinishedLogRecords().map(({ body, spanContext }) => [body, spanContext?.traceId]) }))
    })`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: app.folder })
  return JSON.parse(stdout) as Result
}

const once = (lines: readonly string[]) => lines.map((line) => line.split('trace_id').length - 1)

describe('spanlog/register together with the drop-ins, tracePino, traceWinston and a second copy of spanlog', () => {
  const register = `require('spanlog/register')`
  const other = `require('spanlog-other/register')`
  const loggers = `
    const pino = require('pino'), winston = require('winston')
    const dropPino = require('spanlog/pino'), dropWinston = require('spanlog/winston')
    const { tracePino, traceWinston } = require('spanlog/instrument')
    const otherwise = require('spanlog-other/instrument')
    const pinos = [pino(options, out), tracePino(pino(options, out)), dropPino(options, out), otherwise.tracePino(tracePino(pino(options, out)))]
    const winstons = [winston, dropWinston].map((one) => one.createLogger(transports(one)))
    winstons.push(traceWinston(winston.createLogger(transports(winston))), otherwise.traceWinston(dropWinston.createLogger(transports(winston))))`
  const imported = `await import('spanlog/register'); await import('spanlog-other/register');`

  it.each([
    ['before them, in CommonJS', 'cjs', `${register}; ${other}; ${loggers}`],
    ['after them, in CommonJS', 'cjs', `${loggers}; ${other}; ${register}`],
    ['before and after them', 'cjs', `${other}; ${loggers}; ${register}`],
    ['before them, in ESM and CommonJS', 'mjs', `${imported} ${register}; ${loggers}`],
    ['after them, in ESM and CommonJS', 'mjs', `${loggers}; ${imported} ${register}`],
  ] as const)('writes IDs and mirrors once: %s', async (name, kind, program) => {
    const { lines, events } = await run(name, kind, program)
    expect(once(lines)).toEqual(Array(8).fill(1))
    const names = [0, 1, 2, 3].flatMap((i) => [`pino ${i}`, `winston ${i}`])
    expect(events).toEqual(Object.fromEntries(names.map((event) => [event, 1])))
  })

  it('mirrors once where a copy of pino is found by the first line of a logger that is trace-aware already', async () => {
    const { lines, events } = await run(
      'found by a traced one',
      'cjs',
      `const pino = require('pino')
       const { tracePino } = require('spanlog/instrument')
       for (const file of Object.keys(require.cache)) if (file.includes('node_modules/pino/')) delete require.cache[file]
       ${register}
       const pinos = [tracePino(pino(options, out)), pino(options, out)], winstons = []`,
    )
    expect(once(lines)).toEqual([1, 1])
    expect(events).toEqual({ 'pino 0': 1, 'pino 1': 1 })
  })
})

describe('spanlog/register and what else a logger does', () => {
  const register = `require('spanlog/register')`
  const hooked = `
    const pino = require('pino')
    const hooks = { streamWrite: (line) => line.replaceAll('secret', '***') }
    const log = pino({ ...options, hooks }, out)`
  const writes = `const winstons = [], pinos = ['secret 1', 'secret 2'].map((text) => ({ info: () => log.info(text) }))`

  it('shows on the span what a write hook made of a line', async () => {
    const { lines, events } = await run('hook after', 'cjs', `${register}; ${hooked}; ${writes}`)
    expect(once(lines)).toEqual([1, 1])
    expect(events).toEqual({ '*** 1': 1, '*** 2': 1 })
  })

  it('shows nothing that the write hook of a logger hides that existed before, and its lines from the second on', async () => {
    const { lines, events } = await run('hook before', 'cjs', `${hooked}; ${register}; ${writes}`)
    expect(once(lines)).toEqual([1, 1])
    expect(events).toEqual({ '*** 2': 1 })
  })

  it.each([
    ['made later', `${register}; const log = require('pino')(options, out)`, ['kept', 'failed']],
    [
      'made before, once it has written a line in a trace',
      `const log = require('pino')(options, out); ${register}; withSpan('earlier', () => log.info('first'))`,
      ['first', 'kept', 'failed'],
    ],
    [
      'of a child with a level of its own',
      `${register}; const log = require('pino')(options, out).child({ a: 1 }, { level: 'warn' })`,
      ['kept', 'failed'],
    ],
    [
      'of winston',
      `${register}; const winston = require('winston'); const log = winston.createLogger(transports(winston))`,
      ['kept', 'failed'],
    ],
  ])('keeps the lines below the level of a logger: %s', async (name, program, texts) => {
    const { lines } = await run(
      `flight ${name}`,
      'cjs',
      `const { configure, withSpan } = require('spanlog')
       configure({ flightRecorder: true })
       ${program}
       const pinos = [{ info() { log.debug('kept'); log.error('failed') } }], winstons = []`,
    )
    expect(lines.map((line) => texts.find((text) => line.includes(text)))).toEqual(texts)
    expect(once(lines)).toEqual(texts.map(() => 1))
  })
})

describe("spanlog/register together with OpenTelemetry's instrumentations", () => {
  const instrument = `
    const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
    const { WinstonInstrumentation } = require('@opentelemetry/instrumentation-winston')
    const instrumentations = [new PinoInstrumentation(), new WinstonInstrumentation()]
    for (const one of instrumentations) one.enable()`
  const register = `require('spanlog/register')`
  const loggers = `
    const pino = require('pino'), winston = require('winston')
    const pinos = [pino(options, out), pino({ ...options, redact: ['secret'] }, out).child({ child: 1 })]
    const winstons = [winston.createLogger(transports(winston)), winston.createLogger(transports(winston)).child({ child: 1 })]`

  it.each([
    ['which comes first', `${instrument}; ${register}; ${loggers}`],
    ['which comes second', `${register}; ${instrument}; ${loggers}`],
    ['and comes when the loggers exist', `${instrument}; ${loggers}; ${register}`],
  ])('writes IDs and mirrors once, and lets records be sent once: %s', async (name, program) => {
    const { lines, events, records } = await run(`otel ${name}`, 'cjs', program)
    expect(once(lines)).toEqual([1, 1, 1, 1])
    expect(events).toEqual({ 'pino 0': 1, 'pino 1': 1, 'winston 0': 1, 'winston 1': 1 })
    const { trace_id: traceId } = JSON.parse(lines[0] ?? '') as { trace_id: string }
    expect(records).toEqual([
      ['pino 0', traceId],
      ['pino 1', traceId],
    ])
  })
})
