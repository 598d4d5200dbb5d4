import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../context/fault.js'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { ConsoleExporter } from './console-exporter.js'
import { FileExporter } from './file-exporter.js'
import { GuardedExporter } from './guard.js'
import { type BatchOptions, checkPositive, checkText, type ExporterOption, isObject, type OtlpExporterOptions } from './options.js'
import { peers } from './peers.js'

/** An exporter with the processor that feeds it. */
export interface Pipeline {
  exporter: GuardedExporter
  processor: SpanProcessor
}

/**
 * One pipeline for each exporter, so that a slow or failing one holds up no other.
 *
 * @throws SpanlogError INVALID_OPTION, INVALID_URL, FILE_UNREADABLE, PEER_MISSING
 */
export function makePipelines(options: readonly ExporterOption[] | undefined, batch: BatchOptions | undefined): Pipeline[] {
  const { BatchSpanProcessor, SimpleSpanProcessor } = peers.sdk()
  const { maxQueueSize, maxExportBatchSize, scheduledDelayMs, exportTimeoutMs } = batch ?? {}
  return (options ?? exportersFromEnv()).map((option, index) => {
    const inner = makeExporter(option, `exporters[${index}]`)
    const exporter = new GuardedExporter(inner.constructor.name, inner)
    if (inner instanceof ConsoleExporter) return { exporter, processor: new SimpleSpanProcessor(exporter) }
    const processor = new BatchSpanProcessor(exporter, {
      ...(maxQueueSize !== undefined && { maxQueueSize }),
      ...(maxExportBatchSize !== undefined && { maxExportBatchSize }),
      ...(scheduledDelayMs !== undefined && { scheduledDelayMillis: scheduledDelayMs }),
      ...(exportTimeoutMs !== undefined && { exportTimeoutMillis: exportTimeoutMs }),
    })
    return { exporter, processor }
  })
}

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection */
function exportersFromEnv(): ExporterOption[] {
  const names = new Set(peers.core().getStringListFromEnv('OTEL_TRACES_EXPORTER') ?? ['otlp'])
  const exporters: ExporterOption[] = []
  for (const name of names) {
    if (name === 'otlp' || name === 'console') exporters.push(name)
    else if (name !== 'none')
      reportFault(`OTEL_TRACES_EXPORTER names ${name}, which is left out: only otlp, console and none are known; give it in \`exporters\``)
  }
  return names.has('none') ? [] : exporters
}

function makeExporter(option: unknown, name: string): SpanExporter {
  if (isObject(option) && 'export' in option && typeof option.export === 'function') return option as SpanExporter
  const chosen = typeof option === 'string' ? { type: option } : option
  const type = isObject(chosen) && 'type' in chosen ? chosen.type : undefined
  switch (type) {
    case 'console':
      refuseUnknownOptions(name, chosen as object, ['type'])
      return new ConsoleExporter()
    case 'otlp':
      return otlpExporter(chosen as OtlpExporterOptions, name)
    case 'file': {
      refuseUnknownOptions(name, chosen as object, ['type', 'path'])
      const { path } = chosen as { path?: unknown }
      if (typeof path !== 'string' || path === '') throw unexpected(`${name}.path`, 'the path of a file', path)
      return new FileExporter(path)
    }
    default:
      throw unexpected(name, "'console', 'otlp', { type: 'console' | 'otlp' | 'file', … } or a span exporter", option)
  }
}

function otlpExporter(options: OtlpExporterOptions, name: string): SpanExporter {
  refuseUnknownOptions(name, options, ['type', 'url', 'headers', 'timeoutMs'])
  const { url, headers, timeoutMs } = options
  checkText(`${name}.url`, url)
  if (headers !== undefined && !(isObject(headers) && Object.values(headers).every((value) => typeof value === 'string')))
    throw unexpected(`${name}.headers`, 'an object of strings', headers)
  checkPositive(`${name}.timeoutMs`, timeoutMs)
  warnOfProtocol()
  const { OTLPTraceExporter } = peers.otlpHttp()
  return new OTLPTraceExporter({
    ...(url !== undefined && { url: receiverUrl(url, `${name}.url`) }),
    ...(headers && { headers: { ...headers } }),
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
  })
}

function receiverUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw unexpected(name, 'an absolute http:// or https:// URL', text, 'INVALID_URL')
  if (url.pathname === '/') url.pathname = '/v1/traces'
  return url.href
}

function warnOfProtocol(): void {
  const { getStringFromEnv } = peers.core()
  const protocol = getStringFromEnv('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  if (protocol === 'grpc') reportFault('OTEL_EXPORTER_OTLP_PROTOCOL asks for grpc, but spans are sent as OTLP/JSON over HTTP')
}
