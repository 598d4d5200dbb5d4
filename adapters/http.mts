export {
  type CompletionLogger,
  type HttpMiddleware,
  type TraceClientOptions,
  type TraceHttpOptions,
  traceFetch,
  traceHttp,
  traceRequest,
} from './http.js'
