export { type TraceCacheOptions, traceCache } from './cache.js'
