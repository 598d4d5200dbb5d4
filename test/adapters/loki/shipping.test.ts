import { startLokiDouble } from '../../support/loki-double/server.js'
import { itLosesNothing } from './shipping.js'

itLosesNothing('a Loki in this process', () => startLokiDouble())

const real = process.env['LOKI_URL']
if (real !== undefined) itLosesNothing('the Loki at LOKI_URL', () => Promise.resolve({ url: real, close: () => Promise.resolve() }))
