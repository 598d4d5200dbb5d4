export {
  type LokiStats,
  type LokiStream,
  LokiTransport,
  type LokiTransportOptions,
  type LokiWinstonOptions,
  lokiStream,
  lokiStream as default,
  type WinstonFormat,
} from './loki.js'
