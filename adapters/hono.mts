export { type CompletionLogger, type HonoContextLike, type TraceHonoOptions, traceHono } from './hono.js'
