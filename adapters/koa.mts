export { type CompletionLogger, type KoaContextLike, type TraceKoaOptions, traceKoa } from './koa.js'
