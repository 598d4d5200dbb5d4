export { type CompletionLogger, type HttpMiddleware, type TraceHttpOptions, traceHttp } from './http.js'
