export { type CompletionLogger, type HttpMiddleware, type TraceHttpOptions, traceFetch, traceHttp } from './http.js'
