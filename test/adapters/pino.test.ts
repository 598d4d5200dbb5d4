import type { Logger } from 'pino'
import plain10 from 'pino'
import installed9 from 'pino9'
import { tracePino } from 'spanlog/instrument'
import pino from 'spanlog/pino'
import { type ContractLogger, describeLoggerAdapter, type MakeLogger } from '../contract/logger-adapter.js'

// Their types differ in what no test uses.
const plain9 = installed9 as unknown as typeof plain10

describeLoggerAdapter(
  'spanlog/pino',
  maker(pino, plain10, (logger) => logger),
)
describeLoggerAdapter('tracePino of a pino 10 logger', maker(plain10, plain10, tracePino))
describeLoggerAdapter('tracePino of a pino 9 logger', maker(plain9, plain9, tracePino))
describeLoggerAdapter(
  'tracePino done twice, and of the drop-in',
  maker(pino, plain10, (logger) => tracePino(tracePino(logger))),
)

function maker(traced: typeof pino, plain: typeof pino, wrap: (logger: Logger) => Logger): MakeLogger {
  return (write, isTraced) => {
    const options = {
      level: 'debug',
      timestamp: () => ',"time":1700000000000',
      redact: { paths: ['password'], censor: '[hidden]' },
      serializers: { user: (user: { id: unknown }) => user.id },
    }
    return contractLogger(isTraced ? wrap(traced(options, { write })) : plain(options, { write }))
  }
}

function contractLogger(logger: Logger): ContractLogger {
  return {
    log: (level, message, fields) => (fields === undefined ? logger[level](message) : logger[level](fields, message)),
    logError: (error) => logger.error(error),
    child: (fields) => contractLogger(logger.child(fields)),
  }
}
