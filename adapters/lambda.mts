export { type LambdaContextLike, type TraceHandlerOptions, traceHandler } from './lambda.js'
