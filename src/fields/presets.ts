import type { SpanContext } from '@opentelemetry/api'
import { SAMPLED } from '../context/traceparent.js'

/** What of its context a line may show. */
export const subjects = ['traceId', 'spanId', 'traceFlags', 'sampled', 'serviceName', 'serviceVersion', 'environment'] as const

export type FieldSubject = (typeof subjects)[number]

/** How one log platform wants the lines that it shows beside a trace. */
interface Preset {
  /** What is not named is left out. */
  names: Partial<Record<FieldSubject, string>>
  traceId?: (trace: SpanContext, project: string | undefined) => string
  spanId?: (trace: SpanContext) => string
}

const service = { serviceName: 'service.name', serviceVersion: 'service.version' }

/**
 * - `otel`: {@link https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/ Trace Context in non-OTLP Log Formats}
 * - `ecs`: {@link https://www.elastic.co/docs/reference/ecs/ecs-tracing ECS tracing fields} and service fields, in their dotted form
 * - `datadog`: {@link https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry/ 64 bits of each ID, in decimal},
 *   as text: JSON's numbers do not hold them
 * - `gcp`: {@link https://cloud.google.com/logging/docs/structured-logging#special-payload-fields Special fields of structured logging}
 * - `xray`: {@link https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids X-Ray's own form of the ID}
 *   under Powertools' name, by which {@link https://docs.aws.amazon.com/powertools/typescript/latest/features/logger/ ServiceLens} finds it
 * - `newrelic`: {@link https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-best-practices-logs/ Logs in context}
 */
export const presets = {
  otel: {
    names: { traceId: 'trace_id', spanId: 'span_id', traceFlags: 'trace_flags', ...service, environment: 'deployment.environment.name' },
  },
  ecs: { names: { traceId: 'trace.id', spanId: 'span.id', ...service, environment: 'service.environment' } },
  datadog: {
    names: {
      traceId: 'dd.trace_id',
      spanId: 'dd.span_id',
      serviceName: 'dd.service',
      serviceVersion: 'dd.version',
      environment: 'dd.env',
    },
    traceId: ({ traceId }) => decimal(traceId.slice(16)),
    spanId: ({ spanId }) => decimal(spanId),
  },
  gcp: {
    names: {
      traceId: 'logging.googleapis.com/trace',
      spanId: 'logging.googleapis.com/spanId',
      sampled: 'logging.googleapis.com/trace_sampled',
      ...service,
      environment: 'deployment.environment.name',
    },
    traceId: ({ traceId }, project) => `projects/${project}/traces/${traceId}`,
  },
  xray: {
    names: { traceId: 'xray_trace_id', spanId: 'span_id', ...service, environment: 'deployment.environment.name' },
    traceId: ({ traceId }) => `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`,
  },
  newrelic: { names: { traceId: 'trace.id', spanId: 'span.id', ...service, environment: 'deployment.environment.name' } },
} as const satisfies Record<string, Preset>

export type FieldPreset = keyof typeof presets

function decimal(hex: string): string {
  return BigInt(`0x${hex}`).toString()
}

/** What a trace's subjects look like in a preset; each is safe in JSON as it is. */
export function traceValues(
  preset: Preset,
  project: string | undefined,
): Readonly<Record<'traceId' | 'spanId' | 'traceFlags' | 'sampled', (trace: SpanContext) => string | boolean>> {
  const { traceId } = preset
  return {
    traceId: traceId === undefined ? (trace) => trace.traceId : (trace) => traceId(trace, project),
    spanId: preset.spanId ?? ((trace) => trace.spanId),
    traceFlags: ({ traceFlags }) => flagTexts[traceFlags & 0xff] ?? '00',
    sampled: ({ traceFlags }) => (traceFlags & SAMPLED) !== 0,
  }
}

const flagTexts = Array.from({ length: 256 }, (_, flags) => flags.toString(16).padStart(2, '0'))
