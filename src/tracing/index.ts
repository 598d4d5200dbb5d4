export { usualKeys } from '../redaction/keys.js'
export { usualPatterns } from '../redaction/patterns.js'
export type { RedactionRules } from '../redaction/redactor.js'
export { type Order, orderAttributes, type Tenant, tenantAttributes, type User, userAttributes } from '../semantics/business.js'
export {
  type DatabaseCall,
  databaseAttributes,
  errorAttributes,
  type MessagingCall,
  messagingAttributes,
  type RpcCall,
  rpcAttributes,
} from '../semantics/calls.js'
export { type HttpClientCall, type HttpServerRequest, httpClientAttributes, httpServerAttributes } from '../semantics/http.js'
export { DebugSampler } from './debug-sampler.js'
export type { DetectorName } from './detectors.js'
export { FlightRecorderSpanProcessor } from './flight-recorder-processor.js'
export type { InstrumentationName, Instrumentations } from './instrumentations.js'
export { LocalDecisionSampler } from './local-decision-sampler.js'
export type {
  BatchOptions,
  ExporterOption,
  FileExporterOptions,
  OtlpExporterOptions,
  SpanLimitOptions,
  TracingOptions,
  ZipkinExporterOptions,
} from './options.js'
export { countErrors, type ErrorCount, type ErrorCounter } from './processors/count-errors.js'
export { type EnrichSpansOptions, enrichSpans } from './processors/enrich.js'
export { type FilterSpansOptions, filterSpans } from './processors/filter.js'
export { oldAttributeNames } from './processors/old-names.js'
export { type RedactSpansOptions, redactSpans } from './processors/redact.js'
export type { EndedSpan, SpanStage, StartedSpan, TraceProcessor } from './processors/types.js'
export { type AdaptiveSamplerOptions, adaptiveSampler } from './sampling/adaptive.js'
export { type Load, type LoadSamplerOptions, loadSampler } from './sampling/load.js'
export { probabilitySampler } from './sampling/probability.js'
export { type RuleSamplerOptions, ruleSampler, type SamplingRule } from './sampling/rules.js'
export type { SamplerOrRate, TraceSampler } from './sampling/sampler.js'
export type { SamplingPreset } from './sampling-presets.js'
export { startTracing, type Tracing } from './start.js'
export type { TailCounts } from './tail/buffer.js'
export type { ExportOptions } from './tail/export-queue.js'
export type { TailSamplingOptions } from './tail/options.js'
export type { AttributePolicy, TailPolicy } from './tail/policies.js'
export { type TailExportOptions, type TailSampling, type TailSamplingStats, tailSampling } from './tail/tail-sampling.js'
