export type { RemoteOptions } from '../remote/options.js'
export { type FileTracesOptions, fileTraces } from './files/source.js'
export { fromJson, type TraceEventJson, type TraceJson, type TraceSpanJson, toJson } from './json.js'
export { type TempoTracesOptions, tempoTraces } from './tempo/source.js'
export type {
  SpanKindName,
  Trace,
  TraceEvent,
  TraceLink,
  TraceQueryOptions,
  TraceResult,
  TraceSource,
  TraceSpan,
} from './types.js'
