import { traceWinston } from 'spanlog/instrument'
import winston, { createLogger, type Logform, type Logger, type LoggerOptions, transports } from 'spanlog/winston'
import { describe, expectTypeOf, it } from 'vitest'
import realWinston, { type Logform as RealLogform, type Logger as RealLogger, type LoggerOptions as RealOptions } from 'winston'

import required = require('spanlog/winston')

describe('the types of spanlog/winston', () => {
  it("are winston's own, by import and by require", () => {
    expectTypeOf(winston).toEqualTypeOf<typeof realWinston>()
    expectTypeOf(required).toEqualTypeOf<typeof realWinston>()
    expectTypeOf(createLogger).toEqualTypeOf<typeof realWinston.createLogger>()
    expectTypeOf(transports).toEqualTypeOf<typeof realWinston.transports>()
  })

  it('include those that have no value', () => {
    expectTypeOf<Logger>().toEqualTypeOf<RealLogger>()
    expectTypeOf<LoggerOptions>().toEqualTypeOf<RealOptions>()
    expectTypeOf<Logform.TransformableInfo>().toEqualTypeOf<RealLogform.TransformableInfo>()
    expectTypeOf<winston.transports.FileTransportOptions>().toEqualTypeOf<realWinston.transports.FileTransportOptions>()
    expectTypeOf<required.Container>().toEqualTypeOf<realWinston.Container>()
  })

  it('refuse what winston refuses', () => {
    // @ts-expect-error -- a level is a text
    winston.createLogger({ level: 30 })
    // @ts-expect-error -- there is no such name
    expectTypeOf(winston.traceWinston).toBeAny()
  })

  it('pass through traceWinston as they are', () => {
    class AuditLogger extends realWinston.Logger {
      audit(): void {}
    }
    expectTypeOf(traceWinston(new AuditLogger())).toEqualTypeOf<AuditLogger>()
    // @ts-expect-error -- no object
    traceWinston('winston')
  })
})
