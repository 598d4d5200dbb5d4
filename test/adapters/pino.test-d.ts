import realPino, { type Logger as RealLogger, type LoggerOptions as RealOptions } from 'pino'
import { tracePino } from 'spanlog/instrument'
import pino, { destination, type Logger, type LoggerOptions, pino as named, stdTimeFunctions, symbols, transport } from 'spanlog/pino'
import { describe, expectTypeOf, it } from 'vitest'

import required = require('spanlog/pino')

describe('the types of spanlog/pino', () => {
  it("are pino's own, by import and by require", () => {
    expectTypeOf(pino).toEqualTypeOf<typeof realPino>()
    expectTypeOf(named).toEqualTypeOf<typeof realPino>()
    expectTypeOf(required).toEqualTypeOf<typeof realPino>()
    expectTypeOf(destination).toEqualTypeOf<typeof realPino.destination>()
    expectTypeOf(transport).toEqualTypeOf<typeof realPino.transport>()
    expectTypeOf(stdTimeFunctions).toEqualTypeOf<typeof realPino.stdTimeFunctions>()
    expectTypeOf(symbols).toEqualTypeOf<typeof realPino.symbols>()
  })

  it('include those that have no value', () => {
    expectTypeOf<Logger>().toEqualTypeOf<RealLogger>()
    expectTypeOf<Logger<'audit'>>().toEqualTypeOf<RealLogger<'audit'>>()
    expectTypeOf<LoggerOptions>().toEqualTypeOf<RealOptions>()
    expectTypeOf<pino.Logger>().toEqualTypeOf<RealLogger>()
    expectTypeOf<required.TransportSingleOptions>().toEqualTypeOf<realPino.TransportSingleOptions>()
  })

  it('know custom levels', () => {
    expectTypeOf(pino({ customLevels: { audit: 35 } }).audit).toBeFunction()
    // @ts-expect-error -- a level that was not declared
    expectTypeOf(pino({ customLevels: { audit: 35 } }).loud).toBeFunction()
  })

  it('pass through tracePino as they are', () => {
    const logger = realPino({ customLevels: { audit: 35 } })
    expectTypeOf(tracePino(logger)).toEqualTypeOf<typeof logger>()
    // @ts-expect-error -- no object
    tracePino('pino')
  })
})
