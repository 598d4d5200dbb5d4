// Logs as it is told: node program.mjs <how> <lines> <options as JSON>; tells each line that the log call has returned for.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import pino from 'pino'
import { LokiTransport, lokiStream } from 'spanlog/loki'
import winston from 'winston'

const [how, lines, json] = process.argv.slice(2)
const options = JSON.parse(json)
const winstonLogger = () => winston.createLogger({ format: winston.format.json(), transports: [new LokiTransport(options)] })
const loggers = {
  worker: () => pino({ base: null }, pino.transport({ target: 'spanlog/loki', options })),
  'worker, required': () => createRequire(import.meta.url)('./required.cjs')(options),
  stream: () => pino({ base: null }, lokiStream(options)),
  winston: winstonLogger,
  'winston, on': winstonLogger,
}
const log = loggers[how]()
const pid = process.pid
let n = 0
const one = () => {
  log.info({ message: 'placed', pid, n })
  tell(`${n++}\n`)
}

/** At once, so that a line told of is one whose log call has returned; a full pipe says EAGAIN. */
function tell(text) {
  for (;;) {
    try {
      return writeSync(1, text)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

if (how === 'stream' || how === 'winston, on') {
  // Until it is killed.
  setInterval(() => {
    for (let i = 0; i < Number(lines); i++) one()
  }, 2)
} else {
  while (n < Number(lines)) one()
  if (how.startsWith('worker')) process.exit(0)
}
