import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../context/fault.js'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { ConsoleExporter } from './console-exporter.js'
import { fileExporter } from './file-exporter.js'
import { type ExporterOption, isObject, type OtlpExporterOptions, type ZipkinExporterOptions } from './options.js'
import { checkHeaders, httpUrl, otlpExporter } from './otlp.js'
import { peers } from './peers.js'

/** @throws SpanlogError INVALID_OPTION, INVALID_URL, FILE_UNREADABLE, PEER_MISSING */
export function makeExporters(options: readonly ExporterOption[] | undefined): SpanExporter[] {
  return (options ?? exportersFromEnv()).map((option, index) => makeExporter(option, `exporters[${index}]`))
}

const known = ['console', 'otlp', 'jaeger', 'zipkin'] as const

/** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection */
function exportersFromEnv(): ExporterOption[] {
  const names = new Set(peers.core().getStringListFromEnv('OTEL_TRACES_EXPORTER') ?? ['otlp'])
  const exporters: ExporterOption[] = []
  for (const name of names) {
    const found = known.find((each) => each === name)
    if (found !== undefined) exporters.push(found)
    else if (name !== 'none')
      reportFault(
        `OTEL_TRACES_EXPORTER names ${name}, which is left out: only ${known.join(', ')} and none are known; give it in \`exporters\``,
      )
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
    case 'jaeger':
      return otlpExporter(chosen as OtlpExporterOptions, name)
    case 'zipkin':
      return zipkinExporter(chosen as ZipkinExporterOptions, name)
    case 'file':
      return fileExporter(chosen as object, name)
    default:
      throw unexpected(
        name,
        "'console', 'otlp', 'jaeger', 'zipkin', { type: 'console' | 'otlp' | 'jaeger' | 'zipkin' | 'file', … } or a span exporter",
        option,
      )
  }
}

function zipkinExporter(options: ZipkinExporterOptions, name: string): SpanExporter {
  refuseUnknownOptions(name, options, ['type', 'url', 'headers'])
  const { url, headers } = options
  const target = url === undefined ? undefined : httpUrl(url, `${name}.url`, '/api/v2/spans')
  checkHeaders(`${name}.headers`, headers)
  const { ZipkinExporter } = peers.zipkin()
  return new ZipkinExporter({ ...(target !== undefined && { url: target }), ...(headers && { headers: { ...headers } }) })
}
