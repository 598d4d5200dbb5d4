export { traceBatch, traceConsume } from './messaging/consume.js'
export type { MessagingSystem, TraceConsumeOptions, TracePublishOptions } from './messaging/options.js'
export { tracePublish } from './messaging/publish.js'
