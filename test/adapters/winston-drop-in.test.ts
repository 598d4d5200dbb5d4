import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

describe('spanlog/winston beside winston 3', () => {
  const app = new Application({ winston: 'winston' })
  afterAll(() => app.remove())

  async function json(file: string, program: string): Promise<unknown> {
    return JSON.parse(await app.run(file, program))
  }

  it('has for import exactly the names that winston has', async () => {
    const names = await json(
      'names.mjs',
      `import * as theirs from 'winston'
       import * as ours from 'spanlog/winston'
       console.log(JSON.stringify([Object.keys(theirs), Object.keys(ours)]))`,
    )
    const [theirs, ours] = names as [string[], string[]]
    expect(ours).toEqual(theirs)
    expect(ours).toEqual(expect.arrayContaining(['default', 'createLogger', 'format', 'transports', 'exceptions']))
  })

  it('has for require exactly the properties that winston has, the same but for what makes loggers', async () => {
    const result = await json(
      'properties.cjs',
      `const theirs = require('winston')
       const ours = require('spanlog/winston')
       const all = (winston) => Object.entries(Object.getOwnPropertyDescriptors(winston))
       const flags = (winston) => all(winston).map(([key, { value, writable, enumerable, configurable, get, set }]) =>
         [key, typeof value, writable, enumerable, configurable, typeof get, typeof set])
       const differing = all(ours).filter(([key, { value, get }]) => value !== Object.getOwnPropertyDescriptor(theirs, key).value
         || get !== Object.getOwnPropertyDescriptor(theirs, key).get).map(([key]) => key)
       console.log(JSON.stringify({ differing, theirs: flags(theirs), ours: flags(ours) }))`,
    )
    const { differing, theirs, ours } = result as { differing: string[]; theirs: unknown; ours: unknown }
    expect(ours).toEqual(theirs)
    expect(differing.toSorted()).toEqual(['Container', 'Logger', 'createLogger', 'loggers'])
  })

  it('keeps the accessors live, and those throwing that winston has removed', async () => {
    const result = await json(
      'live.cjs',
      `const theirs = require('winston')
       const ours = require('spanlog/winston')
       ours.level = 'silly'
       const decide = () => false
       ours.exitOnError = decide
       const transport = new ours.transports.Console()
       ours.add(transport)
       const removed = ['padLevels', 'stripColors', 'emitErrs', 'levelLength'].map((name) => { try { return ours[name] } catch (error) { return error.message.slice(0, 30) } })
       console.log(JSON.stringify([theirs.level, theirs.exitOnError === decide, ours.exceptions === theirs.exceptions, ours.rejections === theirs.rejections,
         ours.default.transports[0] === transport, theirs.default.transports.length, ...removed]))`,
    )
    expect(result).toEqual([
      'silly', true, true, true, true, 1,
      '{ padLevels } was removed in w', '{ stripColors } was removed in', '{ emitErrs } was removed in win', '{ levelLength } was removed in',
    ].map((text) => (typeof text === 'string' ? text.slice(0, 30) : text))) // biome-ignore format: a row each
  })

  it('traces whatever it makes: loggers, containers, classes and the default logger, once each', async () => {
    const lines = await app.run(
      'made.mjs',
      `import byDefault, { Container, createLogger, format, Logger, loggers, transports } from 'spanlog/winston'
       import * as all from 'spanlog/winston'
       import { createRequire } from 'node:module'
       import { withSpan } from 'spanlog'
       const required = createRequire(import.meta.url)('spanlog/winston')
       const options = () => ({ transports: [new transports.Console()] })
       class Mine extends Logger { constructor(more) { super({ ...options(), ...more }) } mine() { this.log('info', 'subclass') } }
       byDefault.configure({ ...options(), format: format.json() })
       withSpan('all', () => {
         createLogger(options()).info('createLogger')
         required.createLogger(options()).info('required')
         all.createLogger(options()).info('namespace')
         loggers.get('a', options()).info('container')
         byDefault.loggers.get('a').info('container again')
         required.loggers.add('b', options()).child({}).info('child')
         new Container(options()).get('c').info('container of its own')
         new Logger(options()).log('info', 'class')
         new Mine().mine()
         byDefault.info('default logger')
         byDefault.log('info', 'default logger')
         byDefault.child({ a: 1 }).warn('child of the default logger')
         required.error('default logger')
       })`,
    )
    const ids = lines.trim().split('\n')
    expect(ids).toHaveLength(13)
    for (const line of ids) {
      expect(JSON.parse(line)).toHaveProperty('trace_id', expect.stringMatching(/^[0-9a-f]{32}$/))
      expect(line.split('"trace_id":')).toHaveLength(2)
    }
  })

  it('makes loggers that are instances of the classes, and finds those of the plain module in its container', async () => {
    const result = await json(
      'classes.cjs',
      `const theirs = require('winston')
       const ours = require('spanlog/winston')
       const logger = ours.createLogger()
       class Mine extends ours.Logger {}
       const mine = new Mine({})
       const plain = theirs.loggers.add('shared', { transports: [] })
       const format = ours.format.json()
       console.log(JSON.stringify([
         logger instanceof ours.Logger, logger instanceof theirs.Logger, mine instanceof Mine, mine instanceof theirs.Logger, ours.loggers instanceof ours.Container,
         ours.loggers.get('shared') === plain, (ours.loggers.add('second'), theirs.loggers.has('second')), (ours.loggers.close('second'), theirs.loggers.has('second')),
         ours.createLogger({ format }).format === format, ours.Logger.name, ours.Container.name,
       ]))`,
    )
    expect(result).toEqual([true, true, true, true, true, true, true, false, true, 'Logger', 'Container'])
  })

  it('leaves the loggers alone that the plain module makes', async () => {
    const lines = await app.run(
      'plain.cjs',
      `require('spanlog/winston')
       const winston = require('winston')
       const { withSpan } = require('spanlog')
       withSpan('all', () => {
         winston.createLogger({ transports: [new winston.transports.Console()] }).info('plain')
         winston.loggers.get('plain', { transports: [new winston.transports.Console()] }).info('plain')
       })`,
    )
    expect(lines).toBe('{"level":"info","message":"plain"}\n'.repeat(2))
  })

  it('can be loaded twice, with winston or without', async () => {
    const result = await json(
      'twice.cjs',
      `const { withSpan } = require('spanlog')
       const { Writable } = require('node:stream')
       const lines = []
       const stream = () => new Writable({ write(line, _, done) { lines.push(String(line)); done() } })
       const log = (winston) => {
         const transport = new winston.transports.Stream({ stream: stream() })
         winston.createLogger({ transports: transport }).info('line')
         winston.add(new winston.transports.Stream({ stream: stream() })).info('line')
         winston.clear()
       }
       const first = require('spanlog/winston')
       delete require.cache[require.resolve('spanlog/winston')]
       const second = require('spanlog/winston')
       for (const key of Object.keys(require.cache)) delete require.cache[key]
       const third = require('spanlog/winston')
       withSpan('all', () => [first, second, third].forEach(log))
       console.log(JSON.stringify({ apart: first !== second && second !== third, times: lines.map((line) => line.split('trace_id').length - 1) }))`,
    )
    expect(result).toEqual({ apart: true, times: [1, 1, 1, 1, 1, 1] })
  })

  it('writes files and to the console, queries and streams what was written', async () => {
    const result = await json(
      'files.cjs',
      `const winston = require('spanlog/winston')
       const { withSpan, correlationId } = require('spanlog')
       const { readFileSync } = require('node:fs')
       const logger = winston.createLogger({ transports: [new winston.transports.File({ filename: 'app.log' })] })
       const id = withSpan('all', () => { logger.info('one'); logger.child({ a: 1 }).info('two'); return correlationId() })
       logger.info('outside')
       const streamed = []
       setTimeout(() => {
         logger.query({ fields: ['message', 'trace_id'], order: 'asc' }, (_, { file }) => {
           logger.on('finish', () => setTimeout(() => {
             const lines = readFileSync('app.log', 'utf8').trim().split('\\n').map((line) => JSON.parse(line))
             console.log(JSON.stringify({ lines: lines.map((line) => [line.message, line.trace_id === id]), queried: file.map((line) => [line.message, line.trace_id === id]) }))
             process.exit()
           }, 50))
           logger.end()
         })
       }, 200)`,
    )
    const expected = [['one', true], ['two', true], ['outside', false]] // biome-ignore format: one line shows it
    expect(result).toEqual({ lines: expected, queried: expected })
  })

  it('logs an uncaught exception and an unhandled rejection as winston does, and lets the process end', async () => {
    const program = (winston: string, what: string): string =>
      `const winston = require('${winston}')
       const { withSpan } = require('spanlog')
       const { readFileSync } = require('node:fs')
       const { Writable } = require('node:stream')
       const stream = new Writable({ write(line, _, done) { lines.push(JSON.parse(line)); done() } })
       const lines = []
       const transport = new winston.transports.Stream({ stream, handleExceptions: true, handleRejections: true })
       winston.createLogger({ transports: transport, exitOnError: false })
       setTimeout(() => console.log(JSON.stringify(lines.map(({ level, message, stack, exception, rejection, trace }) =>
         [level, message.split('\\n')[0], stack.split('\\n')[0], exception, rejection, Array.isArray(trace)]))), 100)
       withSpan('all', () => { ${what} })`
    for (const what of ["setTimeout(() => { throw new TypeError('boom') })", "Promise.reject(new TypeError('boom'))"]) {
      const ours = await json('crash.cjs', program('spanlog/winston', what))
      expect(ours).toEqual(await json('crash-plain.cjs', program('winston', what)))
      expect(ours).toHaveLength(1)
    }
  })

  it('carries the IDs once if OpenTelemetry instruments winston as well', async () => {
    const both = new Application({
      winston: 'winston',
      '@opentelemetry/instrumentation-winston': '@opentelemetry/instrumentation-winston',
      '@opentelemetry/sdk-trace-node': '@opentelemetry/sdk-trace-node',
    })
    const result = JSON.parse(
      await both.run(
        'both.cjs',
        `const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
         const { WinstonInstrumentation } = require('@opentelemetry/instrumentation-winston')
         new NodeTracerProvider().register()
         new WinstonInstrumentation({ disableLogSending: true }).enable()
         const { withSpan } = require('spanlog')
         const { Writable } = require('node:stream')
         const lines = []
         const winston = require('spanlog/winston')
         const stream = new Writable({ write(line, _, done) { lines.push(String(line)); done() } })
         const logger = winston.createLogger({ transports: new winston.transports.Stream({ stream }) })
         const error = new Error('boom')
         withSpan('all', () => { logger.info('line', { a: 1 }); logger.error(error) })
         console.log(JSON.stringify([lines.map((line) => line.split('"trace_id":').length - 1), Object.keys(error)]))`,
      ),
    ) as unknown
    both.remove()
    expect(result).toEqual([[1, 1], ['level']])
  })
})

it('says what to install where winston is missing', async () => {
  const app = new Application({})
  const message = await app.run(
    'missing.cjs',
    "try { require('spanlog/winston') } catch (error) { console.log(error.code, error.message, error.cause.code) }",
  )
  app.remove()
  expect(message).toMatch(/^PEER_MISSING PEER_MISSING: spanlog\/winston needs the package `winston`.* MODULE_NOT_FOUND\n$/)
})
