import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

describe.each([
  ['pino 10', 'pino'],
  ['pino 9', 'pino9'],
])('spanlog/pino beside %s', (_, installed) => {
  const app = new Application({ pino: installed })
  afterAll(() => app.remove())

  async function json(file: string, program: string): Promise<unknown> {
    return JSON.parse(await app.run(file, program))
  }

  it('has for import exactly the names that pino has', async () => {
    const names = await json(
      'names.mjs',
      `import * as theirs from 'pino'
       import * as ours from 'spanlog/pino'
       console.log(JSON.stringify([Object.keys(theirs), Object.keys(ours)]))`,
    )
    const [theirs, ours] = names as [string[], string[]]
    expect(ours).toEqual(theirs)
    expect(ours).toEqual(expect.arrayContaining(['default', 'destination', 'pino', 'transport']))
  })

  it('has for require exactly the properties that pino has, the same values but for itself', async () => {
    const result = await json(
      'properties.cjs',
      `const theirs = require('pino')
       const ours = require('spanlog/pino')
       const differing = Reflect.ownKeys(ours).filter((key) => ours[key] !== theirs[key])
       const flags = (pino) => Object.entries(Object.getOwnPropertyDescriptors(pino))
         .map(([key, { writable, enumerable, configurable }]) => [key, writable, enumerable, configurable])
       console.log(JSON.stringify({
         type: typeof ours, differing, itself: ours.default === ours && ours.pino === ours, name: ours.name,
         theirs: flags(theirs), ours: flags(ours),
       }))`,
    )
    const { theirs, ours, ...rest } = result as Record<string, unknown>
    expect(rest).toEqual({ type: 'function', differing: ['default', 'pino'], itself: true, name: 'pino' })
    expect(ours).toEqual(theirs)
  })

  it('is traced by each name, in ESM and in CommonJS, as TypeScript compiles it too', async () => {
    const lines = await app.run(
      'names-traced.mjs',
      `import byDefault, { pino as byName, destination, stdTimeFunctions } from 'spanlog/pino'
       import { createRequire } from 'node:module'
       import { withSpan } from 'spanlog'
       const required = createRequire(import.meta.url)('spanlog/pino')
       const __importDefault = (mod) => (mod && mod.__esModule ? mod : { default: mod })
       const to = destination({ dest: 1, sync: true })
       withSpan('all', () => {
         for (const pino of [byDefault, byName, required, required.default, required.pino, __importDefault(required).default]) {
           pino({ timestamp: stdTimeFunctions.isoTime }, to).info('line')
         }
       })`,
    )
    const ids = lines
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { trace_id?: string }).trace_id)
    expect(ids).toHaveLength(6)
    expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{32}$/)]))
  })

  it('can be loaded twice, with pino or without', async () => {
    const result = await json(
      'twice.cjs',
      `const { withSpan } = require('spanlog')
       const lines = []
       const log = (pino) => pino({}, { write: (line) => lines.push(line) }).info('line')
       const first = require('spanlog/pino')
       delete require.cache[require.resolve('spanlog/pino')]
       const second = require('spanlog/pino')
       for (const key of Object.keys(require.cache)) delete require.cache[key]
       const third = require('spanlog/pino')
       withSpan('all', () => [first, second, third].forEach(log))
       console.log(JSON.stringify({ apart: first !== second && second !== third, times: lines.map((line) => line.split('trace_id').length - 1) }))`,
    )
    expect(result).toEqual({ apart: true, times: [1, 1, 1] })
  })

  it('refuses what pino refuses, with the same error', async () => {
    const result = await json(
      'refuse.cjs',
      `const errors = [require('pino'), require('spanlog/pino')].map((pino) =>
         [{ mixin: 1 }, { level: 'loud' }, { msgPrefix: 1 }, { transport: process.stdout }, { transport: { target: './no-such-file.js' } }].map((options) => {
           try { pino(options); return 'nothing thrown' } catch (error) { return error.name + ': ' + error.message }
         }))
       console.log(JSON.stringify(errors))`,
    )
    const [theirs, ours] = result as [string[], string[]]
    expect(ours).toEqual(theirs)
    expect(ours).not.toContain('nothing thrown')
  })

  it.each(['main.cjs', 'main.mjs'])(
    'resolves a transport target from the file of the caller, even one named as a file of ours (%s)',
    async (file) => {
      // Ours are dist/adapters/pino.js and http.js.
      for (const name of ['pino.js', 'http.js']) {
        app.write(
          `nested/${name}`,
          `const { appendFileSync } = require('node:fs')
         const { Writable } = require('node:stream')
         module.exports = ({ to }) => new Writable({ write(chunk, _, done) { appendFileSync(to, chunk); done() } })`,
        )
      }
      const result = await app.run(
        `nested/${file}`,
        `${
          file.endsWith('cjs')
            ? "const pino = require('spanlog/pino'); const { withSpan } = require('spanlog'); const { readFileSync, existsSync } = require('node:fs')"
            : "import pino from 'spanlog/pino'; import { withSpan } from 'spanlog'; import { readFileSync, existsSync } from 'node:fs'"
        }
       const { prepareStackTrace } = Error
       Error.stackTraceLimit = 50
       const files = ['pino.js', 'http.js'].map((name) => {
         const to = '${file}-' + name + '.log'
         const log = pino(Object.freeze({ transport: Object.freeze({ target: './' + name, options: { to } }) }))
         withSpan('all', () => log.info('line'))
         return to
       })
       const done = () => files.every((file) => existsSync(file) && readFileSync(file, 'utf8').includes('"trace_id":"'))
       const started = Date.now()
       const wait = () => done() || Date.now() - started > 5000
         ? console.log(JSON.stringify([done(), Error.stackTraceLimit, Error.prepareStackTrace === prepareStackTrace]))
         : setTimeout(wait, 20)
       wait()`,
      )
      expect(JSON.parse(result)).toEqual([true, 50, true])
    },
  )

  it('writes the IDs through transports in worker threads, one or several, and flush calls back', async () => {
    const one = await app.run(
      'transports.mjs',
      `import pino from 'spanlog/pino'
       import { withSpan } from 'spanlog'
       import { existsSync, readFileSync } from 'node:fs'
       const write = async (options, file) => {
         const log = pino(options)
         withSpan('all', () => { log.info('line'); log.child({ part: 'db' }).error('child') })
         await new Promise((resolve) => log.flush(resolve))
       }
       await write({ transport: { target: 'pino/file', options: { destination: 'one.log' } } })
       await write({ transport: { targets: [
         { target: 'pino/file', level: 'info', options: { destination: 'all.log' } },
         { target: 'pino/file', level: 'error', options: { destination: 'errors.log' } },
       ] } })
       // With several targets pino's flush calls back before the worker has written.
       const count = (file) => !existsSync(file) ? 0 : readFileSync(file, 'utf8').split('\\n').filter((line) => line.includes('"trace_id":"')).length
       const counts = () => JSON.stringify(['one.log', 'all.log', 'errors.log'].map(count))
       for (let i = 0; i < 3_000 && counts() !== '[2,2,1]'; i++) await new Promise((resolve) => setTimeout(resolve, 20))
       console.log(counts())`,
    )
    expect(JSON.parse(one)).toEqual([2, 2, 1])
  })

  it('carries the IDs once if OpenTelemetry instruments pino as well', async () => {
    const both = new Application({
      pino: installed,
      '@opentelemetry/instrumentation-pino': '@opentelemetry/instrumentation-pino',
      '@opentelemetry/sdk-trace-node': '@opentelemetry/sdk-trace-node',
    })
    const result = JSON.parse(
      await both.run(
        'both.cjs',
        `const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
         const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino')
         new NodeTracerProvider().register()
         new PinoInstrumentation({ disableLogSending: true }).enable()
         const { withSpan } = require('spanlog')
         const lines = []
         const log = require('spanlog/pino')({}, { write: (line) => lines.push(line) })
         withSpan('all', () => log.info({ a: 1 }, 'line'))
         console.log(JSON.stringify(lines[0].split('"trace_id":').length - 1))`,
      ),
    ) as unknown
    both.remove()
    expect(result).toBe(1)
  })
})

it('says what to install where pino is missing', async () => {
  const app = new Application({})
  const message = await app.run(
    'missing.cjs',
    "try { require('spanlog/pino') } catch (error) { console.log(error.code, error.message, error.cause.code) }",
  )
  app.remove()
  expect(message).toMatch(/^PEER_MISSING PEER_MISSING: spanlog\/pino needs the package `pino`.* MODULE_NOT_FOUND\n$/)
})
