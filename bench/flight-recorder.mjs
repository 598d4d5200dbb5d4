import { openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'

// By require, as the other scenarios load the loggers.
const require = createRequire(import.meta.url)
const linesPerTrace = 100

/** Inside a trace, a new one every 100 lines, each of which ends well. */
function linesInTraces(line) {
  const { withSpan } = require('spanlog')
  return (count) => {
    for (let i = 0; i < count; i += linesPerTrace) {
      withSpan('charge card', { parent: null }, () => {
        for (let j = 0; j < linesPerTrace; j++) line(j)
      })
    }
  }
}

function record(on) {
  require('spanlog').configure({ flightRecorder: on })
}

function pinoLines(level) {
  const { pino } = require('spanlog/pino')
  const log = pino({ level }, pino.destination({ dest: '/dev/null', sync: true }))
  return (amount) => log.debug({ orderId: 4711, currency: 'EUR', amount }, 'card charged')
}

/** A child for each ten lines, as the logger of a request is one. */
function pinoChildLines(level) {
  const { pino } = require('spanlog/pino')
  const log = pino({ level }, pino.destination({ dest: '/dev/null', sync: true }))
  let child = log
  return (amount) => {
    if (amount % 10 === 0) child = log.child({ orderId: 4711 })
    child.debug({ currency: 'EUR', amount }, 'card charged')
  }
}

function winstonLines(level) {
  const winston = require('spanlog/winston')
  const file = openSync('/dev/null', 'w')
  const stream = new Writable({
    decodeStrings: false,
    write(line, _, done) {
      writeSync(file, line)
      done()
    },
  })
  const log = winston.createLogger({ level, transports: [new winston.transports.Stream({ stream })] })
  return (amount) => log.debug('card charged', { orderId: 4711, currency: 'EUR', amount })
}

const kept = (lines) => () => {
  record(true)
  return linesInTraces(lines('info'))
}
const written = (lines) => () => linesInTraces(lines('debug'))
const ignored = (lines) => () => linesInTraces(lines('info'))

/** Outside a trace, at a level that is off. */
const outside = (lines, on) => () => {
  record(on)
  const line = lines('info')
  return (count) => {
    for (let i = 0; i < count * 100; i++) line(i)
  }
}

function plainPino(level) {
  const pino = require('pino')
  const log = pino({ level }, pino.destination({ dest: '/dev/null', sync: true }))
  return (amount) => log.debug({ orderId: 4711, currency: 'EUR', amount }, 'card charged')
}

export default {
  scenario: 'flight-recorder',
  unit: 'ns/line',
  batch: 5_000,
  contenders: {
    'pino, written to a null device': written(pinoLines),
    'pino, kept': kept(pinoLines),
    'pino, below the level, the recorder off': ignored(pinoLines),
    'pino child, written to a null device': written(pinoChildLines),
    'pino child, kept': kept(pinoChildLines),
    'winston, written to a null device': written(winstonLines),
    'winston, kept': kept(winstonLines),
    'winston, below the level, the recorder off': ignored(winstonLines),
    'pino itself, 100 lines below the level': outside(plainPino, false),
    'pino, 100 lines below the level outside a trace, the recorder off': outside(pinoLines, false),
    'pino, 100 lines below the level outside a trace, the recorder on': outside(pinoLines, true),
  },
  ratios: [
    { contender: 'pino, kept', against: 'pino, written to a null device', atMost: 1 },
    { contender: 'pino child, kept', against: 'pino child, written to a null device', atMost: 1 },
    { contender: 'winston, kept', against: 'winston, written to a null device', atMost: 1 },
  ],
}
