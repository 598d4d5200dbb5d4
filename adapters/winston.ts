import errors = require('../src/errors.js')
import tracing = require('./winston/trace.js')

type Winston = typeof import('winston')
type Logger = import('winston').Logger

const winston = installedWinston()

class Container extends winston.Container {
  override add(...args: Parameters<Winston['loggers']['add']>): Logger {
    return tracing.traceWinston(super.add(...args))
  }
}

// The same loggers as winston's own container has, so that a file which still imports winston finds those of one that does not.
const loggers = Object.assign(new Container(), winston.loggers)

// A proxy, so that loggers of `createLogger` are instances of it as well.
const LoggerClass = new Proxy(winston.Logger, {
  construct: (target, args, newTarget) => tracing.traceWinston(Reflect.construct(target, args, newTarget) as Logger),
})

const createLogger: Winston['createLogger'] = (...args) => tracing.traceWinston(winston.createLogger(...args))

// `winston.info` and its like write through a logger that winston has for itself alone; only its handlers tell which.
tracing.traceWinston(winston.exceptions.logger)

// By descriptors: some are live accessors, and some throw when read.
const traced = Object.defineProperties({} as Winston, {
  ...Object.getOwnPropertyDescriptors(winston),
  createLogger: property(createLogger),
  Container: property(Container),
  Logger: property(LoggerClass),
  loggers: property(loggers),
})

function property(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true }
}

// Node finds the names that `import { createLogger }` may ask for in the text of the file, so that each has to stand here; those
// that winston sets in a way that node does not see are none.
exports.version = exports.transports = exports.config = exports.addColors = exports.format = exports.createLogger = undefined
exports.Logger = exports.ExceptionHandler = exports.RejectionHandler = exports.Container = exports.Transport = undefined
exports.loggers = exports.exceptions = exports.rejections = undefined
export = traced

function installedWinston(): Winston {
  try {
    return require('winston') as Winston
  } catch (cause) {
    throw new errors.SpanlogError('PEER_MISSING', 'spanlog/winston needs the package `winston`, version 3', { cause })
  }
}
