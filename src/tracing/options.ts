import type { Attributes } from '@opentelemetry/api'
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { checkAttributes, isRecord } from '../context/attributes.js'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import type { RemoteTls } from '../remote/tls.js'
import type { DetectorName } from './detectors.js'
import { type Instrumentations, instrumentationNames } from './instrumentations.js'
import type { RedactSpansOptions } from './processors/redact.js'
import type { SpanStage, TraceProcessor } from './processors/types.js'
import { type SamplingPreset, samplingPresets } from './sampling-presets.js'
import { type TailSamplingOptions, tailSettings } from './tail/options.js'

/** What `startTracing` takes. What is left out comes from OpenTelemetry's `OTEL_*` variables, then from its defaults. */
export interface TracingOptions {
  /** @defaultValue OTEL_SERVICE_NAME, else `unknown_service:node` */
  serviceName?: string
  serviceVersion?: string
  /** Tells the instances of a service apart: the pod's name, a slot. @defaultValue OTEL_RESOURCE_ATTRIBUTES, else a random UUID */
  serviceInstanceId?: string
  /** The deployment environment: `production`, `staging`, … */
  environment?: string
  /** Further attributes of the resource; they win over OTEL_RESOURCE_ATTRIBUTES. */
  attributes?: Attributes
  /**
   * What is found out of where the process runs: `host` (name, architecture, machine ID), `process` (PID, executable, runtime),
   * `container` (its ID; needs `@opentelemetry/resource-detector-container`), `kubernetes` (what the downward API has put into the
   * environment, namespace and host name).
   *
   * @defaultValue `['host', 'process', 'container', 'kubernetes']`, the container's where its package is installed
   */
  detectors?: readonly DetectorName[]
  /** Where spans go; several at once are independent of each other. @defaultValue OTEL_TRACES_EXPORTER, else `['otlp']` */
  exporters?: readonly ExporterOption[]
  /**
   * What spans go through: observers such as `enrichSpans` and `countErrors` beside the exporters, stages such as `filterSpans` before
   * them, the first before the second; processors of the SDK or your own count as observers.
   */
  processors?: readonly (TraceProcessor | SpanStage)[]
  /**
   * Hides secrets behind all stages and before all exporters: by rules of its own, or, with `true`, by the defaults of `redactSpans`.
   *
   * @defaultValue the rules of `configure({ redact })`, as long as there are any
   */
  redact?: boolean | RedactSpansOptions
  /** The share of traces that begin here and are sampled, from 0 to 1; a trace that came in keeps its decision. */
  ratio?: number
  /**
   * In place of `ratio`, by the environment: `development` keeps every trace that begins here, `staging` 50 %, `production` 10 %,
   * `high-traffic` 1 %; `critical` records all, and keeps each with an error and 1 % of the others.
   */
  sampling?: SamplingPreset
  /**
   * In place of all of these: every trace is recorded, and kept or dropped by what became of it. `batch.maxQueueSize` is then of no
   * concern: `tailSampling.maxBytes` says how much may wait.
   */
  tailSampling?: TailSamplingOptions
  /** Decides in place of both. @defaultValue OTEL_TRACES_SAMPLER, else every trace but those that came in unsampled */
  sampler?: Sampler
  /** How spans wait for their export. */
  batch?: BatchOptions
  /** How much one span may hold. */
  limits?: SpanLimitOptions
  /**
   * OpenTelemetry's own instrumentations to switch on: each that is installed, or those of these names, or made by yourself. They patch
   * what is loaded later: start tracing first, in a file of its own (`node --import ./tracing.mjs service.mjs`).
   *
   * @defaultValue none
   */
  instrumentations?: Instrumentations
  /** How long `forceFlush`, `shutdown` and the end of the process wait for exporters. @defaultValue 5_000 */
  flushTimeoutMs?: number
}

/**
 * `console` writes one line a span to stderr; `otlp` sends OTLP over HTTP, in JSON, or over gRPC; `jaeger` is the same, since Jaeger takes
 * OTLP; a file gets OTLP/JSON, one `TracesData` a line. `memoryTraces()` of `spanlog/traces` is one in memory.
 */
export type ExporterOption =
  | 'console'
  | 'otlp'
  | 'jaeger'
  | 'zipkin'
  | { type: 'console' }
  | OtlpExporterOptions
  | ZipkinExporterOptions
  | FileExporterOptions
  | SpanExporterLike

/** Any exporter of the SDK's kind, of whichever of its versions. */
export type SpanExporterLike =
  | SpanExporter
  | { export(spans: never, done: never): void; shutdown(): Promise<void>; forceFlush?(): Promise<void> }

/** A collector, or a store that takes OTLP: Tempo, Jaeger, a vendor. */
export interface OtlpExporterOptions {
  type: 'otlp' | 'jaeger'
  /** `grpc` needs `@opentelemetry/exporter-trace-otlp-grpc`. @defaultValue OTEL_EXPORTER_OTLP_PROTOCOL, else 'http' */
  protocol?: 'http' | 'grpc'
  /**
   * Of the receiver; over HTTP `/v1/traces` is added where it has no path.
   *
   * @defaultValue OTEL_EXPORTER_OTLP_*, else `http://localhost:4318/v1/traces`; over gRPC `http://localhost:4317`
   */
  url?: string
  /** Over gRPC they are metadata. */
  headers?: Readonly<Record<string, string>>
  /** For one export with its retries. @defaultValue OTEL_EXPORTER_OTLP_TIMEOUT, else 10_000 */
  timeoutMs?: number
  /** @defaultValue OTEL_EXPORTER_OTLP_COMPRESSION, else 'none' */
  compression?: 'gzip' | 'none'
  /** For a URL of `https://`. @defaultValue OTEL_EXPORTER_OTLP_CERTIFICATE and its kin, else what Node trusts */
  tls?: RemoteTls
}

/** Zipkin, or what takes its JSON of version 2. Needs `@opentelemetry/exporter-zipkin`, which sends no client certificates. */
export interface ZipkinExporterOptions {
  type: 'zipkin'
  /** `/api/v2/spans` is added where it has no path. @defaultValue OTEL_EXPORTER_ZIPKIN_ENDPOINT, else `http://localhost:9411/api/v2/spans` */
  url?: string
  headers?: Readonly<Record<string, string>>
}

/** A file that several processes may share. Its folder is made where it is missing. */
export interface FileExporterOptions {
  type: 'file'
  path: string
  /** A file that would grow past it becomes `<path>.1`, that `.2`, and so on. @defaultValue no limit */
  maxBytes?: number
  /** Files to keep beside the one that is written. @defaultValue 5 */
  maxFiles?: number
}

/** How spans wait for their export. */
export interface BatchOptions {
  /** Spans that wait at most; further ones are dropped, and counted in `spanlogStats()`. @defaultValue OTEL_BSP_MAX_QUEUE_SIZE, else 2048 */
  maxQueueSize?: number
  /** @defaultValue OTEL_BSP_MAX_EXPORT_BATCH_SIZE, else 512 */
  maxExportBatchSize?: number
  /** @defaultValue OTEL_BSP_SCHEDULE_DELAY, else 5_000 */
  scheduledDelayMs?: number
  /** @defaultValue OTEL_BSP_EXPORT_TIMEOUT, else 30_000 */
  exportTimeoutMs?: number
}

/** How much one span may hold; what goes past it is cut, or dropped and counted on the span. */
export interface SpanLimitOptions {
  /** Characters of a text, also in events and links. @defaultValue OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, else 4_096 */
  attributeLength?: number
  /** @defaultValue OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, else 128, as all below by their variables */
  attributes?: number
  events?: number
  links?: number
  attributesPerEvent?: number
  attributesPerLink?: number
}

const optionNames = [
  'serviceName',
  'serviceVersion',
  'serviceInstanceId',
  'environment',
  'attributes',
  'detectors',
  'exporters',
  'processors',
  'redact',
  'ratio',
  'sampling',
  'tailSampling',
  'sampler',
  'batch',
  'limits',
  'instrumentations',
  'flushTimeoutMs',
] as const satisfies readonly (keyof TracingOptions)[]

/** Refuses what is wrong, all but the insides of what is given to exporters, detectors and redaction, which refuse it themselves. */
export function checkOptions(options: TracingOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('startTracing', options, optionNames)
  const { attributes, exporters, processors, redact, instrumentations, batch = {}, limits = {}, flushTimeoutMs } = options
  for (const name of ['serviceName', 'serviceVersion', 'serviceInstanceId', 'environment'] as const) checkText(name, options[name])
  checkAttributes('attributes', attributes)
  if (exporters !== undefined && !Array.isArray(exporters)) throw unexpected('exporters', 'an array', exporters)
  if (processors !== undefined && !(Array.isArray(processors) && processors.every(isProcessor)))
    throw unexpected('processors', 'an array of span processors and stages', processors)
  if (redact !== undefined && typeof redact !== 'boolean' && !isRecord(redact)) throw unexpected('redact', 'a boolean or an object', redact)
  checkSampling(options)
  if (!isRecord(batch)) throw unexpected('batch', 'an object', batch)
  refuseUnknownOptions('batch', batch, ['maxQueueSize', 'maxExportBatchSize', 'scheduledDelayMs', 'exportTimeoutMs'])
  for (const [name, value] of Object.entries(batch)) checkPositive(`batch.${name}`, value)
  const { maxQueueSize, maxExportBatchSize = 0 } = batch
  if (maxQueueSize !== undefined && maxExportBatchSize > maxQueueSize)
    throw unexpected('batch.maxExportBatchSize', `at most maxQueueSize (${maxQueueSize})`, maxExportBatchSize)
  if (!isRecord(limits)) throw unexpected('limits', 'an object', limits)
  refuseUnknownOptions('limits', limits, ['attributeLength', 'attributes', 'events', 'links', 'attributesPerEvent', 'attributesPerLink'])
  for (const [name, value] of Object.entries(limits)) checkPositive(`limits.${name}`, value)
  if (instrumentations !== undefined && instrumentations !== 'auto' && !Array.isArray(instrumentations))
    throw unexpected('instrumentations', `'auto' or an array of ${instrumentationNames.join(', ')}`, instrumentations)
  checkPositive('flushTimeoutMs', flushTimeoutMs)
}

/** One of the four, or none. */
function checkSampling({ ratio, sampling, sampler, tailSampling }: TracingOptions): void {
  if (ratio !== undefined && !(typeof ratio === 'number' && ratio >= 0 && ratio <= 1))
    throw unexpected('ratio', 'a number from 0 to 1', ratio)
  if (sampling !== undefined && !samplingPresets.includes(sampling))
    throw unexpected('sampling', `one of ${samplingPresets.join(', ')}`, sampling)
  if (sampler !== undefined && !(isObject(sampler) && typeof sampler.shouldSample === 'function'))
    throw unexpected('sampler', 'a sampler with `shouldSample`', sampler)
  if (tailSampling !== undefined) {
    tailSettings(tailSampling, 'startTracing.tailSampling')
    const beside = ratio ?? sampling ?? sampler
    if (beside !== undefined) throw unexpected('tailSampling', 'left out beside `ratio`, `sampling` and `sampler`', tailSampling)
  }
  if (sampler !== undefined && ratio !== undefined) throw unexpected('ratio', 'left out beside `sampler`', ratio)
  if (sampler !== undefined && sampling !== undefined) throw unexpected('sampling', 'left out beside `sampler`', sampling)
  if (ratio !== undefined && sampling !== undefined) throw unexpected('ratio', 'left out beside `sampling`', ratio)
}

function isProcessor(value: unknown): boolean {
  return typeof value === 'function' || (isObject(value) && 'onEnd' in value && typeof value.onEnd === 'function')
}

export function checkText(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) throw unexpected(name, 'a non-empty string', value)
}

/** Of what is timed, as far as a timer reaches: past that Node's fire at once. */
export function checkPositive(name: string, value: unknown): void {
  const most = name.endsWith('Ms') ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  if (value !== undefined && !(typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most))
    throw unexpected(name, most === Number.MAX_SAFE_INTEGER ? 'a positive whole number' : `a positive whole number, at most ${most}`, value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
