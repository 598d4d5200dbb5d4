// Loaded before the service: node --import ./tracing.mjs service.mjs
import { startTracing } from 'spanlog/tracing'

startTracing({ serviceName: 'greetings', exporters: ['console'], instrumentations: 'auto' })
