import { runWithTrace } from 'spanlog'
import { lokiLogs } from 'spanlog/logs'
import { LokiTransport, lokiStream } from 'spanlog/loki'
import pino from 'spanlog/pino'
import winston from 'spanlog/winston'
import { afterEach, describe, expect, it } from 'vitest'
import { startLokiDouble } from '../../support/loki-double/server.js'
import { endAll, endings, TRACE } from './shipping.js'

afterEach(endAll)

const SPAN = 'b7ad6b7169203331'
const inTrace = (write: () => unknown) => runWithTrace({ traceparent: `00-${TRACE}-${SPAN}-01` }, write)
const traced = { trace_id: TRACE, span_id: SPAN }
const { format, config } = winston

async function scene() {
  const loki = await startLokiDouble()
  endings.push(() => loki.close())
  const options = { url: loki.url, service: 'orders', spool: false as const, batchAgeMs: 0, metadata: ['orderId'] }
  /** Metadata and milliseconds of each line, as Loki holds them. */
  const got = async () => {
    const { entries } = await lokiLogs({ url: loki.url, selector: '{service_name="orders"}' })
      .search({ from: '1h', to: new Date(Date.now() + 60_000) })
      .collect()
    return entries.map(({ metadata: { detected_level: lokis, ...metadata }, timeUnixNano = 0n }) => {
      return { metadata, lokis, ms: Number(timeUnixNano / 1_000_000n) }
    })
  }
  return { options, got }
}

describe('pino', () => {
  async function shipped(options: pino.LoggerOptions, write: (log: pino.Logger) => void = (log) => log.info({ orderId: 7 }, 'x')) {
    const { options: shipping, got } = await scene()
    const stream = lokiStream(shipping)
    const log = pino(options, stream)
    inTrace(() => write(log))
    await new Promise((resolve) => stream.end(resolve))
    return got()
  }
  const custom = (log: pino.Logger, level: string) => (log as unknown as Record<string, (text: string) => void>)[level]?.('x')

  it.each<[string, pino.LoggerOptions, string[]]>([
    ['custom levels beside its own', { customLevels: { http: 35 } }, ['info', 'http', 'error']],
    ['custom levels alone', { customLevels: { low: 10, high: 70 }, useOnlyCustomLevels: true, level: 'low' }, ['low', 'high']],
    ['an ordinary level', {}, ['warn']],
  ])('a level has the name that the logger gives it: %s', async (_, options, levels) => {
    const found = await shipped(options, (log) => levels.forEach((level) => custom(log, level)))
    expect(found.map(({ metadata }) => metadata.level)).toEqual(levels)
    for (const { metadata } of found) expect(metadata).toMatchObject(traced)
  })

  it.each<[string, pino.LoggerOptions, string | undefined]>([
    ['a formatter that writes levels as words', { formatters: { level: (label) => ({ level: label.toUpperCase() }) } }, '7'],
    ['a formatter with another name', { formatters: { level: (label) => ({ severity: label.toUpperCase() }) } }, '7'],
    ['messageKey', { messageKey: 'message' }, '7'],
    ['errorKey', { errorKey: 'error' }, '7'],
    ['nestedKey, below which no field is looked for', { nestedKey: 'payload' }, undefined],
    ['no base', { base: null }, '7'],
  ])('level, trace and fields are found with %s', async (_, options, orderId) => {
    const [line] = await shipped(options)
    expect(line?.metadata).toEqual({ ...traced, level: 'info', ...(orderId !== undefined && { orderId }) })
  })

  const times = pino.stdTimeFunctions
  it.each<[string, pino.LoggerOptions['timestamp'], number]>([
    ['epochTime', times.epochTime, 0],
    // Rounded to either side.
    ['unixTime', times.unixTime, 501],
    ['isoTime', times.isoTime, 0],
    // pino counts it from the clock at its start.
    ['isoTimeNano', times.isoTimeNano, 1000],
    ['none', false, 0],
    ['nullTime', times.nullTime, 0],
    ['one of its own', () => `,"@timestamp":"${new Date().toISOString()}"`, 0],
  ])('a line has its time with the timestamp %s', async (_, timestamp, wideMs) => {
    const before = Date.now()
    const [line] = await shipped(timestamp === undefined ? {} : { timestamp })
    expect(line?.ms).toBeGreaterThanOrEqual(before - wideMs)
    expect(line?.ms).toBeLessThanOrEqual(Date.now() + wideMs)
  })
})

describe('winston', () => {
  async function shipped(options: winston.LoggerOptions, write: (log: winston.Logger) => void = (log) => log.info('x', { orderId: 7 })) {
    const { options: shipping, got } = await scene()
    const log = winston.createLogger({ ...options, transports: [new LokiTransport(shipping)] })
    inTrace(() => write(log))
    await new Promise((resolve) => log.once('finish', resolve).end())
    return got()
  }

  it.each<[string, winston.LoggerOptions]>([
    ['npm', { levels: config.npm.levels, level: 'silly' }],
    ['syslog', { levels: config.syslog.levels, level: 'debug' }],
    ['cli', { levels: config.cli.levels, level: 'silly' }],
    ['its own', { levels: { Loud: 0, quiet: 1 }, level: 'quiet' }],
  ])('a level has the name that the logger gives it, of %s levels', async (_, options) => {
    const levels = Object.keys(options.levels ?? {})
    const found = await shipped(options, (log) => levels.forEach((level) => log.log(level, 'x')))
    expect(found.map(({ metadata }) => metadata.level)).toEqual(levels)
    for (const { metadata } of found) expect(metadata).toMatchObject(traced)
  })

  const upper = format((info) => ({ ...info, level: info.level.toUpperCase() }))
  it.each<[string, winston.Logform.Format, string | undefined]>([
    ['colours', format.combine(upper(), format.colorize(), format.json()), '7'],
    ['a time as text', format.combine(format.timestamp(), format.json()), '7'],
    ['a local time', format.combine(format.timestamp({ format: 'YYYY-MM-DD HH:mm:ss' }), format.json()), '7'],
    ['text', format.simple(), undefined],
  ])('level, trace, fields and time are right with %s', async (_, ofLogger, orderId) => {
    const before = Date.now()
    const [line] = await shipped({ format: ofLogger })
    expect(line?.metadata).toEqual({ ...traced, level: 'info', ...(orderId !== undefined && { orderId }) })
    expect(line?.ms).toBeGreaterThanOrEqual(before)
    expect(line?.ms).toBeLessThanOrEqual(Date.now())
  })
})
