// The plain loggers, which `spanlog/register` must reach: `node --import spanlog/register registered.mjs`.
import { Writable } from 'node:stream'
import pino from 'pino'
import { withSpan } from 'spanlog'
import winston from 'winston'

const lines = []
const log = pino({ base: null }, { write: (line) => lines.push(line) })
withSpan('job', () => log.info('from pino'))
const stream = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) })
const logger = winston.createLogger({ format: winston.format.json(), transports: [new winston.transports.Stream({ stream })] })
withSpan('job', () => logger.info('from winston'))
const found = lines.map((line) => /"trace_id":"[0-9a-f]{32}"/.test(line))
console.log(JSON.stringify({ register: found.join() === 'true,true' || `ids in the lines of pino, winston: ${found}` }))
