import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'
import { fencesOf, settled } from '../support/markdown.js'

const app = new Application(Object.fromEntries(['pino', 'pino9', 'winston', 'fastify', 'pino-http'].map((name) => [name, name])))
afterAll(() => app.remove())

interface Line {
  msg: string
  message?: string
  trace_id?: string
  span_id?: string
}

async function output(file: string, flags: readonly string[] = []): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], { cwd: app.folder })
  return stdout
}

function linesOf(text: string): Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

const modules = {
  mjs: (name: string, from: string) => `import ${name} from '${from}'`,
  cjs: (name: string, from: string) => `const ${name} = require('${from}')`,
}

/** Loggers of three packages, with children made at once; `logAll` writes a line by each. */
function loggers(kind: 'mjs' | 'cjs'): string {
  return `${modules[kind]('pino', 'pino')}
    ${modules[kind]('pino9', 'pino9')}
    ${modules[kind]('winston', 'winston')}
    const out = { write: (line) => process.stdout.write(line) }
    const options = { base: null, timestamp: false }
    const ten = pino(options, out), nine = pino9(options, out)
    const transports = [new winston.transports.Console()]
    const three = winston.createLogger({ transports })
    winston.configure({ transports })
    const pinos = [ten, ten.child({ child: 1 }), nine, nine.child({ child: 2 }, { level: 'debug' }), Object.freeze(pino(options, out))]
    const winstons = [three, three.child({ child: 3 }), winston]
    ${kind === 'mjs' ? 'export const logAll =' : 'exports.logAll ='} (text) => {
      for (const log of [...pinos, ...winstons]) log.info(text)
      winstons[0].log({ level: 'warn', message: text })
    }`
}

const writes = `
  logAll('outside')
  withSpan('job', () => {
    console.log(JSON.stringify({ msg: correlationId() }))
    logAll('inside')
  })`

describe('spanlog/register', () => {
  app.write('loggers.mjs', loggers('mjs'))
  app.write('loggers.cjs', loggers('cjs'))
  const spanlog = {
    mjs: `import { correlationId, withSpan } from 'spanlog'`,
    cjs: `const { correlationId, withSpan } = require('spanlog')`,
  }
  const use = { mjs: `import { logAll } from './loggers.mjs'`, cjs: `const { logAll } = require('./loggers.cjs')` }
  const register = { mjs: `import 'spanlog/register'`, cjs: `require('spanlog/register')` }

  it.each([
    ['imported first', 'mjs', [register.mjs, use.mjs, spanlog.mjs], []],
    ['imported last, behind loggers that exist', 'mjs', [use.mjs, spanlog.mjs, register.mjs], []],
    ['imported in the middle of the program', 'mjs', [use.mjs, spanlog.mjs, `logAll('early'); await import('spanlog/register')`], []],
    ['required first', 'cjs', [register.cjs, use.cjs, spanlog.cjs], []],
    ['required last, behind loggers that exist', 'cjs', [use.cjs, spanlog.cjs, register.cjs], []],
    ['by node --import, the program in ESM', 'mjs', [use.mjs, spanlog.mjs], ['--import', 'spanlog/register']],
    ['by node --import, the program in CommonJS', 'cjs', [use.cjs, spanlog.cjs], ['--import', 'spanlog/register']],
    ['by node --require, the program in ESM', 'mjs', [use.mjs, spanlog.mjs], ['--require', 'spanlog/register']],
    ['by node --require, the program in CommonJS', 'cjs', [use.cjs, spanlog.cjs], ['--require', 'spanlog/register']],
    ['by all of them', 'mjs', [register.mjs, use.mjs, spanlog.mjs], ['--import', 'spanlog/register', '--require', 'spanlog/register']],
  ] as const)('%s reaches each logger', async (name, kind, imports, flags) => {
    const file = `${name.replaceAll(/\W/g, '-')}.${kind}`
    app.write(file, imports.join('\n') + writes)
    const text = await output(file, flags)
    const lines = linesOf(text)
    const traceId = lines.find(({ msg }) => /^[0-9a-f]{32}$/.test(msg))?.msg
    const inside = text.split('\n').filter((line) => line.includes('inside'))
    expect(inside).toHaveLength(9)
    expect(inside.map((line) => line.split(`"trace_id":"${traceId}"`).length - 1)).toEqual(Array(9).fill(1))
    const outside = text.split('\n').filter((line) => line.includes('outside'))
    expect(outside).toHaveLength(9)
    expect(outside.filter((line) => line.includes('trace_id'))).toEqual([])
  })

  it('reaches the loggers of dependencies: of fastify and pino-http', async () => {
    app.write(
      'dependencies.mjs',
      `import 'spanlog/register'
       import { createServer } from 'node:http'
       import fastify from 'fastify'
       import pinoHttp from 'pino-http'
       import { runWithTrace, withSpan } from 'spanlog'
       const stream = { write: (line) => process.stdout.write(line) }
       const app = fastify({ logger: { stream } })
       app.get('/', async (request) => { request.log.info('from fastify'); return '' })
       const carrier = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
       await runWithTrace(carrier, async () => await app.inject('/'))
       const http = pinoHttp(stream)
       const server = createServer((req, res) => runWithTrace(carrier, () => { http(req, res); req.log.info('from pino-http'); res.end() }))
       await new Promise((resolve) => server.listen(0, resolve))
       await fetch('http://127.0.0.1:' + server.address().port)
       server.close()`,
    )
    const lines = linesOf(await output('dependencies.mjs'))
    const ids = (part: string) => lines.filter(({ msg }) => msg.includes(part)).map((line) => line.trace_id)
    expect(ids('from fastify')).toEqual(['0af7651916cd43dd8448eb211c80319c'])
    expect(ids('request completed').length).toBeGreaterThan(1)
    expect(ids('from pino-http')).toEqual(['0af7651916cd43dd8448eb211c80319c'])
  })

  it('does what its page shows', async () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/register.md'), 'utf8')
    const [program, printed] = fencesOf(page)
    app.write('page.mjs', program?.text ?? '')
    expect(settled(await output('page.mjs'))).toBe(settled(printed?.text ?? ''))
  })

  it('leaves nothing behind: no name, no subscriber, no property that is enumerated', async () => {
    app.write(
      'nothing.mjs',
      `import * as register from 'spanlog/register'
       import diagnostics from 'node:diagnostics_channel'
       import pino from 'pino'
       import winston from 'winston'
       import { createRequire } from 'node:module'
       import { withSpan } from 'spanlog'
       const log = pino({ base: null }, { write() {} })
       withSpan('job', () => log.info('line'))
       const child = log.child({ a: 1 })
       const { write } = winston.Logger.prototype
       for (const name of ['winston', 'winston/lib/winston/logger', 'pino']) createRequire(import.meta.url)(name)
       console.log(JSON.stringify({
         names: [Object.keys(register), Object.keys(createRequire(import.meta.url)('spanlog/register'))],
         subscribed: diagnostics.channel('tracing:pino_asJson:start').hasSubscribers,
         other: diagnostics.tracingChannel('other').hasSubscribers,
         keys: Object.keys(child),
         again: winston.Logger.prototype.write !== write,
         winston: Object.keys(winston.Logger.prototype).filter((key) => key !== 'transports'),
       }))`,
    )
    expect(JSON.parse(await output('nothing.mjs'))).toEqual({
      names: [[], []],
      subscribed: false,
      other: false,
      keys: [],
      again: false,
      winston: [],
    })
  })
})

describe('spanlog/register and loggers of all kinds', () => {
  async function inside(file: string, program: string, before = ''): Promise<Line[]> {
    app.write(
      file,
      `import 'spanlog/register'
       import pino from 'pino'
       import winston from 'winston'
       import { tracePino, traceWinston } from 'spanlog/instrument'
       import { withSpan, withFields, configure } from 'spanlog'
       const out = { write: (line) => process.stdout.write(line) }
       const options = { base: null, timestamp: false }
       ${before}
       withSpan('job', () => { ${program} })`,
    )
    return linesOf(await output(file))
  }
  const traced = expect.stringMatching(/^[0-9a-f]{32}$/)

  it.each([
    ['a frozen one', 'Object.freeze(pino(options, out)).info("a")'],
    [
      'one with an asJson of its own',
      'const log = pino(options, out); const s = pino.symbols.asJsonSym; const asJson = log[s]; log[s] = function (...a) { return asJson.apply(this, a) }; log.info("a")',
    ],
    ['one that is made a child of another', 'pino(options, out).child({}, { msgPrefix: "a" }).child({ b: 1 }).info("b")'],
    ['one whose level was changed', 'const log = pino({ ...options, level: "error" }, out); log.level = "debug"; log.debug("a")'],
    ['one of a multistream', 'pino(options, pino.multistream([{ stream: out }])).info("a")'],
    ['one with a transport', 'pino({ ...options, transport: { target: "pino/file" } }).info("a")'],
    ['a silent one whose child is not', 'pino({ ...options, level: "silent" }, out).child({}, { level: "info" }).info("a")'],
    [
      'one of a class of winston',
      'class Mine extends winston.Logger {}; new Mine({ transports: [new winston.transports.Console()] }).log("info", "a")',
    ],
    ['one of a container of winston', 'winston.loggers.add("x", { transports: [new winston.transports.Console()] }).info("a")'],
    ['one that tracePino is given', 'tracePino(pino(options, out)).info("a")'],
    ['one that traceWinston is given', 'traceWinston(winston.createLogger({ transports: [new winston.transports.Console()] })).info("a")'],
  ])('writes the IDs once: %s', async (name, program) => {
    const lines = await inside(`${name.replaceAll(/\W/g, '-')}.mjs`, program)
    expect(lines).toEqual([expect.objectContaining({ trace_id: traced, span_id: expect.any(String) })])
  })
})
