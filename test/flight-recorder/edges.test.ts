import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { context, SpanKind, trace } from '@opentelemetry/api'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import pino, { type Logger } from 'pino'
import { configure, debugHeaders, spanlogStats } from 'spanlog'
import { traceFastify } from 'spanlog/fastify'
import { traceHono } from 'spanlog/hono'
import { traceHttp } from 'spanlog/http'
import { tracePino } from 'spanlog/instrument'
import { traceKoa } from 'spanlog/koa'
import { traceHandler } from 'spanlog/lambda'
import { startTracing } from 'spanlog/tracing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, send } from '../support/http.js'

const secret = 'correct horse battery'

beforeEach(() => configure({ flightRecorder: { level: 'debug', trigger: 'error' }, debugTraces: { secret } }))
afterEach(() => {
  configure({ flightRecorder: false, debugTraces: false })
  trace.disable()
  context.disable()
})

type Ask = (target: string, headers?: Record<string, string>) => Promise<unknown>

/** Serves `/ok` with 200 and `/bad` with 500, and logs two lines for each. */
interface Served {
  ask: Ask
  stop?: () => unknown
}

async function served(listener: (req: IncomingMessage, res: ServerResponse) => void): Promise<Served> {
  const server = createServer(listener)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ask: (target, headers) => send(port, { path: target, ...(headers && { headers }) }),
    stop: () => [server.closeAllConnections(), server.close()],
  }
}

const edges: Record<string, (log: Logger) => Promise<Served> | Served> = {
  traceHttp: (log) => {
    const middleware = traceHttp()
    return served((req, res) => middleware(req, res, () => res.writeHead(handle(log, req.url)).end()))
  },
  'traceHttp inside a server span of others': (log) => {
    const middleware = traceHttp()
    const tracer = new NodeTracerProvider().getTracer('others')
    return served((req, res) =>
      tracer.startActiveSpan('GET', { kind: SpanKind.SERVER, root: true }, (span) => {
        res.once('close', () => span.end())
        middleware(req, res, () => res.writeHead(handle(log, req.url)).end())
      }),
    )
  },
  traceKoa: (log) => {
    const app = new Koa()
    app.use(traceKoa())
    app.use((ctx) => {
      ctx.status = handle(log, ctx.path)
    })
    const callback = app.callback()
    return served((req, res) => void callback(req, res))
  },
  traceHono: (log) => {
    const app = new Hono()
    app.use(traceHono())
    app.get('/:what', (c) => c.text('', handle(log, c.req.path) as 200))
    return { ask: async (target, headers = {}) => app.request(target, { headers }) }
  },
  traceFastify: async (log) => {
    const app = Fastify()
    await app.register(traceFastify)
    app.get('/:what', (request, reply) => reply.code(handle(log, request.url)).send())
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    return { ask: (target, headers) => send(port, { path: target, ...(headers && { headers }) }), stop: () => app.close() }
  },
  traceHandler: (log) => {
    const handler = traceHandler((event: { rawPath: string }) => ({ statusCode: handle(log, event.rawPath), body: '' }))
    return {
      ask: (target, headers = {}) =>
        handler({ version: '2.0', rawPath: target, headers, requestContext: { http: { method: 'GET', path: target } } } as never, {}),
    }
  },
}

function handle(log: Logger, target: string | undefined): number {
  log.debug(`debug ${target}`)
  log.info(`info ${target}`)
  return target === '/ok' ? 200 : 500
}

describe.each(Object.entries(edges))('behind %s', (name, start) => {
  it.each(name.includes('others') ? [true] : [false, true])('a 5xx writes the kept lines, and a 2xx drops them (SDK: %s)', async (sdk) => {
    const tracing = sdk
      ? startTracing({
          exporters: [
            { export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }), shutdown: async () => undefined },
          ],
        })
      : undefined
    const lines: string[] = []
    const log = tracePino(pino({ base: null }, { write: (line: string) => lines.push(line) }))
    const messages = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    const { ask, stop } = await start(log)
    try {
      await ask('/ok')
      await eventually(() => spanlogStats().flightRecorder.keptLines === 0)
      expect(messages()).toEqual(['info /ok'])
      await ask('/bad')
      await eventually(() => lines.length === 3)
      expect(messages().slice(1)).toEqual(['info /bad', 'debug /bad'])
      if (!name.includes('others')) {
        await ask('/ok', debugHeaders())
        expect(messages().slice(3)).toEqual(['debug /ok', 'info /ok'])
      }
    } finally {
      await stop?.()
      await tracing?.shutdown()
    }
  })
})

describe('SPANLOG_FLIGHT_RECORDER', () => {
  it.each<[string | undefined, string[], string]>([
    [undefined, ['error'], ''],
    ['0', ['error'], ''],
    ['off', ['error'], ''],
    ['true', ['debug', 'error'], ''],
    ['1', ['debug', 'error'], ''],
    ['trace', ['trace', 'debug', 'error'], ''],
    ['loud', ['error'], 'SPANLOG_FLIGHT_RECORDER'],
  ])('set to %s keeps the lines that it says', async (value, expected, warning) => {
    const program = `
      import { withSpan } from 'spanlog'
      import { pino } from 'spanlog/pino'
      const log = pino({ base: null })
      withSpan('request', () => { log.trace('trace'); log.debug('debug'); log.error('error') })`
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: path.resolve(import.meta.dirname, '../..'),
      env: { ...process.env, SPANLOG_FLIGHT_RECORDER: value },
    })
    expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected) // biome-ignore format: one line shows it
    expect(stderr.includes('SpanlogWarning')).toBe(warning !== '')
    expect(stderr).toContain(warning)
  })
})
