import { Writable } from 'node:stream'
import { pino } from 'pino'
import { tracePino, traceWinston } from 'spanlog/instrument'
import winston from 'winston'

type Options = Parameters<typeof tracePino>[1]

interface TestLogger {
  info(message: string, fields?: object): void
  lines: string[]
  parsed(): Record<string, unknown>[]
}

/** Loggers that write JSON lines with no clock, made trace-aware as their users do. */
export const loggers = {
  pino(options?: Options): TestLogger {
    const lines: string[] = []
    const logger = tracePino(pino({ timestamp: false, base: null }, { write: (line: string) => lines.push(line.trimEnd()) }), options)
    return testLogger(lines, (message, fields) => logger.info(fields ?? {}, message))
  },
  winston(options?: Options): TestLogger {
    const lines: string[] = []
    const stream = new Writable({
      decodeStrings: false,
      write(line: string, _, done) {
        lines.push(line.trimEnd())
        done()
      },
    })
    const logger = traceWinston(winston.createLogger({ transports: [new winston.transports.Stream({ stream })] }), options)
    return testLogger(lines, (message, fields) => void (fields === undefined ? logger.info(message) : logger.info(message, fields)))
  },
} as const

export const loggerNames = ['pino', 'winston'] as const

function testLogger(lines: string[], info: TestLogger['info']): TestLogger {
  return { lines, info, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}
