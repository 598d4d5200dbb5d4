export {
  type MessagingSystem,
  type TraceConsumeOptions,
  type TracePublishOptions,
  traceBatch,
  traceConsume,
  tracePublish,
} from './messaging.js'
