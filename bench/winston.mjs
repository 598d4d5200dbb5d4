import { openSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { contendersOf, ratiosOf, require, unsampled } from './contenders.mjs'

/** JSON, written at once to where it costs least: what is left is the logger's own work. */
function lineOf(winston, options = {}) {
  const file = openSync('/dev/null', 'w')
  const stream = new Writable({
    decodeStrings: false,
    write(line, _, done) {
      writeSync(file, line)
      done()
    },
  })
  const transports = [new winston.transports.Stream({ stream })]
  const log = winston.createLogger({ format: winston.format.json(), transports, ...options })
  return (amount) => log.info('card charged', { orderId: 4711, currency: 'EUR', amount })
}

function instrument(options) {
  const { WinstonInstrumentation } = require('@opentelemetry/instrumentation-winston')
  new WinstonInstrumentation(options).enable()
  return require('winston')
}

const floor = 'defaultMeta of the same fields (the floor)'

export default {
  scenario: 'winston',
  unit: 'ns/line',
  // Few, since winston keeps a `setImmediate` for each line.
  batch: 3000,
  contenders: {
    // In spans as well: node 20 makes each `setImmediate` dearer where a context is active, whoever logs.
    [floor]: () =>
      unsampled(() => {
        const defaultMeta = { trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174', trace_flags: '01' }
        return lineOf(require('winston'), { defaultMeta })
      }),
    ...contendersOf({ name: 'winston', lineOf, instrument }),
    'spanlog, in a trace, redacting': () =>
      unsampled(() => {
        require('spanlog').configure({ redact: true })
        return lineOf(require('spanlog/winston'))
      }),
  },
  ratios: [
    ...ratiosOf(floor, { inTrace: 1 }).map((ratio) =>
      ratio.against === 'OpenTelemetry, not sending' ? { contender: ratio.contender, against: ratio.against } : ratio,
    ),
    { contender: 'spanlog, in a trace, redacting', against: 'spanlog, in a trace' },
  ],
}
