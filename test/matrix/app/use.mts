import { correlationId, withSpan } from 'spanlog'
import { criticalPath } from 'spanlog/analysis'
import { traceHttp } from 'spanlog/http'
import { tracePino, traceWinston } from 'spanlog/instrument'
import { fileLogs, type LogEntry, lokiLogs } from 'spanlog/logs'
import pino, { type Logger } from 'spanlog/pino'
import { fileTraces, type Trace } from 'spanlog/traces'
import { startTracing } from 'spanlog/tracing'
import winston from 'spanlog/winston'
import 'spanlog/register'

const logger: Logger = pino({ level: 'info' })
export const traced: Logger = tracePino(logger)
export const other: winston.Logger = traceWinston(winston.createLogger())
export const id: string | undefined = withSpan('x', () => correlationId())
export const middleware = traceHttp({ logger })
export const tracing = startTracing({ serviceName: 'x' })
export const entries: Promise<LogEntry[]> = fileLogs({ paths: ['x'] })
  .forTrace('a')
  .collect()
  .then((all) => all.entries)
export const loki = lokiLogs({ url: 'http://127.0.0.1' })
export const trace: Promise<Trace | undefined> = fileTraces({ paths: ['x'] })
  .trace('a')
  .then((result) => result.trace)
export const path = trace.then((found) => found && criticalPath(found))
// @ts-expect-error a name is a text
withSpan(1, () => undefined)
