export { tracePino } from './pino/trace.js'
export { traceWinston } from './winston/trace.js'
