import type { AddressInfo } from 'node:net'
import { Controller, Get, Logger, type LoggerService, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { SpanlogError, withSpan } from 'spanlog'
import { SpanlogLogger, SpanlogModule } from 'spanlog/nestjs'
import pino from 'spanlog/pino'
import { recordTelemetry } from 'spanlog/testing'
import winston from 'spanlog/winston'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { eventually, send } from '../support/http.js'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

const pinoLogger = pino({ base: null, timestamp: false, level: 'trace' }, telemetry.stream)
const winstonLogger = winston.createLogger({ level: 'silly', transports: [new winston.transports.Stream({ stream: telemetry.stream })] })
const error = Object.assign(new Error('boom'), { stack: 'Error: boom\n    at charge (/app/charge.js:1:2)' })
const err = { type: 'Error', message: 'boom', stack: error.stack }

/** What Nest's `Logger` hands on, and what nest itself does. */
const calls: [string, (logger: LoggerService) => void, object, object][] = [
  ['a message', (logger) => logger.log('hello'), { level: 30, msg: 'hello' }, { level: 'info', message: 'hello' }],
  [
    'a message with its context',
    (logger) => logger.warn('hello', 'OrdersService'),
    { level: 40, context: 'OrdersService', msg: 'hello' },
    { level: 'warn', context: 'OrdersService', message: 'hello' },
  ],
  [
    'an object',
    (logger) => logger.debug?.({ orderId: 7 }, 'OrdersService'),
    { level: 20, orderId: 7, context: 'OrdersService', msg: '' },
    { level: 'debug', orderId: 7, context: 'OrdersService', message: '' },
  ],
  [
    'a message and an object',
    (logger) => logger.log('placed', { orderId: 7 }, 'OrdersService'),
    { level: 30, orderId: 7, context: 'OrdersService', msg: 'placed' },
    { level: 'info', orderId: 7, context: 'OrdersService', message: 'placed' },
  ],
  [
    'an error, its stack and context',
    (logger) => logger.error('boom', error.stack, 'OrdersService'),
    { level: 50, err, context: 'OrdersService', msg: 'boom' },
    { level: 'error', stack: error.stack, context: 'OrdersService', message: 'boom' },
  ],
  [
    'an error without a stack',
    (logger) => logger.error('boom', undefined, 'OrdersService'),
    { level: 50, context: 'OrdersService', msg: 'boom' },
    { level: 'error', context: 'OrdersService', message: 'boom' },
  ],
  [
    'an error by its stack alone',
    (logger) => logger.error('boom', error.stack),
    { level: 50, err, msg: 'boom' },
    { level: 'error', stack: error.stack, message: 'boom' },
  ],
  ['an Error', (logger) => logger.error(error), { level: 50, err, msg: 'boom' }, { level: 'error', stack: error.stack, message: 'boom' }],
  [
    'values of other kinds',
    (logger) => logger.log('many', 1, ['a']),
    { level: 30, params: [1, ['a']], msg: 'many' },
    { level: 'info', params: [1, ['a']], message: 'many' },
  ],
  ['undefined', (logger) => logger.log(undefined), { level: 30, msg: 'undefined' }, { level: 'info', message: 'undefined' }],
  ['what is verbose', (logger) => logger.verbose?.('x'), { level: 10, msg: 'x' }, { level: 'verbose', message: 'x' }],
  ['what is fatal', (logger) => logger.fatal?.('x'), { level: 60, msg: 'x' }, { level: 'error', message: 'x' }],
]

describe('SpanlogLogger', () => {
  it.each(calls)('writes %s with pino', (_, call, line) => {
    call(new SpanlogLogger(pinoLogger))
    expect(telemetry.lines()).toEqual([line])
  })

  it.each(calls)('writes %s with winston', (_, call, _line, line) => {
    call(new SpanlogLogger(winstonLogger))
    expect(telemetry.lines()).toEqual([line])
  })

  it.each([
    ['pino', pinoLogger],
    ['winston', winstonLogger],
  ])('writes lines that know their trace, with %s', (_, logger) => {
    const nest = new Logger('OrdersService')
    Logger.overrideLogger(new SpanlogLogger(logger))
    withSpan('order', () => nest.log('placed'))
    expect(telemetry.lines()).toEqual([expect.objectContaining({ context: 'OrdersService', trace_id: telemetry.spans()[0]?.traceId })])
    Logger.overrideLogger(false)
  })

  it('does without levels that a logger lacks', () => {
    const lines: unknown[][] = []
    const at = (level: string) => (_fields: object, message: string) => lines.push([level, message])
    const logger = new SpanlogLogger({ info: at('info'), warn: at('warn'), error: at('error') })
    logger.debug('a')
    logger.verbose('b')
    logger.fatal('c')
    expect(lines).toEqual([
      ['info', 'a'],
      ['info', 'b'],
      ['error', 'c'],
    ])
  })

  it('refuses what is no logger', () => {
    expect(() => new SpanlogLogger({} as never)).toThrow(SpanlogError)
    expect(() => new SpanlogLogger({} as never)).toThrow('`logger` to be a logger with a method `info`')
  })
})

describe('SpanlogModule with a logger', () => {
  class FailingController {
    fail() {
      throw error
    }
  }
  Get('fail')(
    FailingController.prototype,
    'fail',
    Object.getOwnPropertyDescriptor(FailingController.prototype, 'fail') as PropertyDescriptor,
  )
  Controller()(FailingController)
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest's modules are classes
  class AppModule {}
  Module({ imports: [SpanlogModule.forRoot({ logger: pinoLogger })], controllers: [FailingController] })(AppModule)

  it("gives Nest its logger, and shows an exception once, though Nest's line has it too", async () => {
    const app = await NestFactory.create(AppModule, { bufferLogs: true, forceCloseConnections: true })
    app.useLogger(app.get(SpanlogLogger))
    await app.listen(0, '127.0.0.1')
    telemetry.reset()
    const res = await send((app.getHttpServer() as { address(): AddressInfo }).address().port, { path: '/fail' })
    const span = await eventually(() => telemetry.spans()[0])
    await app.close()
    expect(telemetry.lines()).toEqual([
      expect.objectContaining({ context: 'ExceptionsHandler', err, trace_id: res.headers['x-trace-id'] }),
      expect.objectContaining({ msg: 'request completed', status: 500, route: '/fail', trace_id: res.headers['x-trace-id'] }),
    ])
    expect(span.events.filter((event) => event.name === 'exception')).toHaveLength(1)
  })

  it('does no harm in an application without a server', async () => {
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false })
    expect(app.get(SpanlogLogger)).toBeInstanceOf(SpanlogLogger)
    await app.close()
  })
})
