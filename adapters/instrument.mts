export { tracePino, traceWinston } from './instrument.js'
