import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { Application } from '../support/application.js'

// As it is installed: the probe is a file that the other process loads.
const { checkProject, checkRun } = require('../../dist/src/doctor/project.js') as typeof import('../../src/doctor/project.js')

const modules = path.resolve(import.meta.dirname, '../../node_modules')
const otel = ['sdk-trace-node', 'resources', 'core', 'context-async-hooks'].map((name) => `@opentelemetry/${name}`)
const sound = new Application(Object.fromEntries(['pino', 'winston', ...otel].map((name) => [name, name])))
const ill = new Application({ pino: 'pino9', '@opentelemetry/sdk-trace-node': '@opentelemetry/sdk-trace-node' })

const run = (app: Application, file: string): Promise<Finding[]> =>
  checkRun(`${JSON.stringify(process.execPath)} ${file}`, { cwd: app.folder, afterMs: 20_000, signal: new AbortController().signal })
const codes = (findings: readonly Finding[]): string[] => findings.map(({ code, severity }) => `${severity} ${code}`).toSorted()

beforeAll(() => {
  sound.write('package.json', '{}')
  sound.write(
    'server.mjs',
    `import { startTracing } from 'spanlog/tracing'
     import { withSpan } from 'spanlog'
     import pino from 'spanlog/pino'
     import winston from 'spanlog/winston'
     startTracing({ exporters: [] })
     const log = pino({}, { write() {} })
     const silent = winston.createLogger({ silent: true })
     withSpan('charge card', () => { log.info('charged'); silent.info('charged') })
     globalThis.kept = silent`,
  )
  ill.write('package.json', '{}')
  // The project's own is newer than the one that its SDK has.
  ill.write('own/node_modules/x', '')
  cpSync(path.join(modules, 'api110'), path.join(ill.folder, 'own/node_modules/@opentelemetry/api'), { recursive: true })
  mkdirSync(path.join(ill.folder, 'own/node_modules'), { recursive: true })
  for (const name of ['pino', 'winston']) symlinkSync(path.join(modules, name), path.join(ill.folder, 'own/node_modules', name))
  ill.write(
    'server.js',
    `const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
     const { trace } = require('@opentelemetry/api')
     new NodeTracerProvider().register()
     require('./own/start.js')
     const log = require('pino')({}, { write() {} })
     log.info('up')
     trace.getTracer('t').startActiveSpan('charge card', () => {
       log.info('charged')
       require('./own/start.js').log()
     })`,
  )
  ill.write(
    'own/start.js',
    `require('@opentelemetry/api')
     const pino = require('pino')({}, { write() {} })
     globalThis.kept = require('winston').createLogger({ silent: true })
     exports.log = () => pino.info('charged')`,
  )
})
afterAll(() => {
  sound.remove()
  ill.remove()
})

describe('a service that runs', () => {
  it('is sound: a provider, its context manager and propagator, trace-aware loggers of both kinds', async () => {
    expect(await run(sound, 'server.mjs')).toEqual([])
  })

  it('has two versions of the API, two copies of pino, and three loggers that no trace reaches', async () => {
    const findings = await run(ill, 'server.js')
    expect(codes(findings)).toEqual([
      'error API_SHUT_OUT',
      'error LOGGER_NOT_REACHED',
      'error LOGGER_NOT_REACHED',
      'warning LOGGER_NOT_REACHED',
      'warning PACKAGE_COPIES',
    ])
    const places = findings.filter(({ code }) => code === 'LOGGER_NOT_REACHED').flatMap(({ paths = [] }) => paths)
    expect(places.map((place) => path.relative(ill.folder, place)).toSorted()).toEqual(['own/start.js:3', 'own/start.js:4', 'server.js:6'])
  })

  it('is no program of Node.js', async () => {
    const findings = await checkRun('exit 3', { cwd: ill.folder, afterMs: 1_000, signal: new AbortController().signal })
    expect(codes(findings)).toEqual(['error RUN_SILENT'])
  })

  it('is looked at after a while, and ended', async () => {
    ill.write('forever.js', 'process.title = "forever"; setInterval(() => {}, 1000)')
    const began = Date.now()
    const findings = await checkRun(`${JSON.stringify(process.execPath)} forever.js`, {
      cwd: ill.folder,
      afterMs: 100,
      signal: new AbortController().signal,
    })
    expect(codes(findings)).toEqual(['info RUN_QUIET', 'warning NO_PROVIDER'])
    expect(Date.now() - began).toBeLessThan(20_000)
  })

  it('has loggers that are reached by its own means, or later, and others', async () => {
    ill.write(
      'mixed.js',
      `const { trace } = require('@opentelemetry/api')
       const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
       new NodeTracerProvider().register()
       const pino = require('./own/node_modules/pino')
       const ids = () => trace.getActiveSpan() ? { trace_id: trace.getActiveSpan().spanContext().traceId } : {}
       const to = { write() {} }
       const loggers = [pino({ formatters: { log: (line) => ({ ...line, ...ids() }) } }, to), pino({ mixin: ids }, to), pino({}, to)]
       const plain = pino({}, to)
       for (const log of loggers) log.info('up')
       plain.info('up')
       require('spanlog/instrument').tracePino(loggers[2])
       loggers[2].info('reached')
       trace.getTracer('t').startActiveSpan('charge card', () => loggers.forEach((log) => log.child({ a: 1 }).info('charged')))
       trace.disable()
       trace.getTracer('t').startActiveSpan('no provider, no ID', () => plain.info('in no trace'))`,
    )
    const findings = await run(ill, 'mixed.js')
    const found = findings.filter(({ code }) => code === 'LOGGER_NOT_REACHED')
    expect(found.map(({ severity, paths = [] }) => `${severity} ${paths.map((at) => path.basename(at)).join()}`)).toEqual([
      'warning mixed.js:10',
    ])
  })

  it('is ended when the shell that has started it is gone, though it runs on after SIGTERM', async () => {
    ill.write(
      'stays.js',
      `process.on('SIGTERM', () => {}); require('fs').writeFileSync('stays.pid', String(process.pid)); setInterval(() => {}, 1000)`,
    )
    const command = `${JSON.stringify(process.execPath)} stays.js && exit 0`
    await checkRun(command, { cwd: ill.folder, afterMs: 200, signal: new AbortController().signal })
    const pid = Number(readFileSync(path.join(ill.folder, 'stays.pid'), 'utf8'))
    // Until whoever adopts orphans has seen to it.
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 10_000)
  })

  it('tells on stderr, where the probe was loaded by itself', () => {
    const { stderr, status, stdout } = spawnSync(process.execPath, ['--require', 'spanlog/doctor', '-e', 'console.log(1)'], {
      cwd: sound.folder,
      encoding: 'utf8',
    })
    expect([status, stdout]).toEqual([0, '1\n'])
    expect(stderr).toMatch(/^spanlog doctor: warning NO_PROVIDER: no tracer provider is registered.*\n {4}start tracing before all else/)
  })
})

describe('a project', () => {
  it('is sound: its packages work together', async () => {
    expect(await checkProject(sound.folder)).toEqual([])
  })

  it('has a package that does not load', async () => {
    sound.write('broken/package.json', '{}')
    sound.write('broken/node_modules/pino/package.json', '{"name":"pino","version":"10.4.0","main":"none.js"}')
    const findings = await checkProject(path.join(sound.folder, 'broken'))
    expect(findings).toMatchObject([
      { code: 'PACKAGE_COPIES', what: expect.stringContaining('2 copies of pino') },
      { code: 'MODULE_BROKEN', what: expect.stringContaining('pino is installed and does not load') },
    ])
  })
})
