export type { RemoteOptions } from '../remote/options.js'
export { type AuditOptions, auditedTraces } from './audited.js'
export { type FileTracesOptions, fileTraces } from './files/source.js'
export { type JaegerTracesOptions, jaegerTraces } from './jaeger/source.js'
export { fromJson, type TraceEventJson, type TraceJson, type TraceSpanJson, toJson } from './json.js'
export { type MemoryTraces, type MemoryTracesOptions, memoryTraces } from './memory/source.js'
export { anyTraces, mergeTraces } from './merge.js'
export { readTraces } from './read-traces.js'
export { type TempoTracesOptions, tempoTraces } from './tempo/source.js'
export type {
  SpanKindName,
  Trace,
  TraceEvent,
  TraceLink,
  TraceQueryOptions,
  TraceReading,
  TraceResult,
  TraceSearch,
  TraceSearchCut,
  TraceSource,
  TraceSpan,
  TraceSummary,
} from './types.js'
export { type ZipkinTracesOptions, zipkinTraces } from './zipkin/source.js'
