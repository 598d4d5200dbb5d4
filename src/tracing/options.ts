import type { Attributes } from '@opentelemetry/api'
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { refuseUnknownOptions, unexpected } from '../errors.js'

/** What `startTracing` takes. What is left out comes from OpenTelemetry's `OTEL_*` variables, then from its defaults. */
export interface TracingOptions {
  /** @defaultValue OTEL_SERVICE_NAME, else `unknown_service:node` */
  serviceName?: string
  serviceVersion?: string
  /** The deployment environment: `production`, `staging`, … */
  environment?: string
  /** Further attributes of the resource; they win over OTEL_RESOURCE_ATTRIBUTES. */
  attributes?: Attributes
  /** Where spans go; several at once are independent of each other. @defaultValue OTEL_TRACES_EXPORTER, else `['otlp']` */
  exporters?: readonly ExporterOption[]
  /** The share of traces that begin here and are sampled, from 0 to 1; a trace that came in keeps its decision. */
  ratio?: number
  /** Decides in place of `ratio`. @defaultValue OTEL_TRACES_SAMPLER, else every trace but those that came in unsampled */
  sampler?: Sampler
  /** How spans wait for their export. */
  batch?: BatchOptions
  /** How long `forceFlush`, `shutdown` and the end of the process wait for exporters. @defaultValue 5_000 */
  flushTimeoutMs?: number
}

/** `console` writes one line a span to stderr; `otlp` sends OTLP/JSON over HTTP; a file gets OTLP/JSON, one `TracesData` a line. */
export type ExporterOption = 'console' | 'otlp' | { type: 'console' } | OtlpExporterOptions | FileExporterOptions | SpanExporter

/** A collector, or a store that takes OTLP over HTTP: Tempo, Jaeger, a vendor. */
export interface OtlpExporterOptions {
  type: 'otlp'
  /** Of the receiver; `/v1/traces` is added where it has no path. @defaultValue OTEL_EXPORTER_OTLP_*, else `http://localhost:4318/v1/traces` */
  url?: string
  headers?: Readonly<Record<string, string>>
  /** For one export with its retries. @defaultValue OTEL_EXPORTER_OTLP_TIMEOUT, else 10_000 */
  timeoutMs?: number
}

/** A file that several processes may share. Its folder is made where it is missing. */
export interface FileExporterOptions {
  type: 'file'
  path: string
}

/** How spans wait for their export. */
export interface BatchOptions {
  /** Spans that wait at most; further ones are dropped. @defaultValue OTEL_BSP_MAX_QUEUE_SIZE, else 2048 */
  maxQueueSize?: number
  /** @defaultValue OTEL_BSP_MAX_EXPORT_BATCH_SIZE, else 512 */
  maxExportBatchSize?: number
  /** @defaultValue OTEL_BSP_SCHEDULE_DELAY, else 5_000 */
  scheduledDelayMs?: number
  /** @defaultValue OTEL_BSP_EXPORT_TIMEOUT, else 30_000 */
  exportTimeoutMs?: number
}

/** Refuses what is wrong, all but the insides of an exporter's own options. */
export function checkOptions(options: TracingOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('startTracing', options, [
    'serviceName',
    'serviceVersion',
    'environment',
    'attributes',
    'exporters',
    'ratio',
    'sampler',
    'batch',
    'flushTimeoutMs',
  ])
  const { attributes, exporters, ratio, sampler, batch = {}, flushTimeoutMs } = options
  for (const name of ['serviceName', 'serviceVersion', 'environment'] as const) checkText(name, options[name])
  if (attributes !== undefined && !isObject(attributes)) throw unexpected('attributes', 'an object', attributes)
  if (exporters !== undefined && !Array.isArray(exporters)) throw unexpected('exporters', 'an array', exporters)
  if (ratio !== undefined && !(typeof ratio === 'number' && ratio >= 0 && ratio <= 1))
    throw unexpected('ratio', 'a number from 0 to 1', ratio)
  if (sampler !== undefined && !(isObject(sampler) && typeof sampler.shouldSample === 'function'))
    throw unexpected('sampler', 'a sampler with `shouldSample`', sampler)
  if (ratio !== undefined && sampler !== undefined) throw unexpected('ratio', 'left out beside `sampler`', ratio)
  if (!isObject(batch)) throw unexpected('batch', 'an object', batch)
  refuseUnknownOptions('batch', batch, ['maxQueueSize', 'maxExportBatchSize', 'scheduledDelayMs', 'exportTimeoutMs'])
  for (const [name, value] of Object.entries(batch)) checkPositive(`batch.${name}`, value)
  checkPositive('flushTimeoutMs', flushTimeoutMs)
}

export function checkText(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) throw unexpected(name, 'a non-empty string', value)
}

export function checkPositive(name: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && Number.isInteger(value) && value > 0))
    throw unexpected(name, 'a positive whole number', value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
