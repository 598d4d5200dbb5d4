import { SpanlogError, unexpected } from '../../errors.js'
import { state } from '../state.js'
import { b3, b3multi } from './b3.js'
import { datadog } from './datadog.js'
import type { HeaderFormat } from './format.js'
import { w3c } from './w3c.js'
import { xray } from './xray.js'

export const headerFormats = { w3c, b3, b3multi, xray, datadog } as const satisfies Record<string, HeaderFormat>

/**
 * How a trace stands in headers: W3C Trace Context; B3, in one header or written as several; AWS X-Ray; Datadog.
 */
export type TraceHeaders = keyof typeof headerFormats

/** By OpenTelemetry's names of propagators. */
const byPropagator: Readonly<Record<string, TraceHeaders>> = {
  tracecontext: 'w3c',
  b3: 'b3',
  b3multi: 'b3multi',
  xray: 'xray',
  datadog: 'datadog',
}

/** The format that a name in OTEL_PROPAGATORS stands for. */
export function formatOfPropagator(name: string): TraceHeaders | undefined {
  return Object.hasOwn(byPropagator, name) ? byPropagator[name] : undefined
}

/** The formats in use, in their order: those of `configure`, else of OTEL_PROPAGATORS as it was when first asked, else W3C's. */
export function headersInUse(): readonly TraceHeaders[] {
  return (state.settings.headers ??= headersFromEnv())
}

function headersFromEnv(): readonly TraceHeaders[] {
  const names = (process.env['OTEL_PROPAGATORS'] ?? '').split(',').map((name) => formatOfPropagator(name.trim()))
  const known = new Set(names.filter((format) => format !== undefined))
  return known.size === 0 ? ['w3c'] : [...known]
}

/** @throws SpanlogError INVALID_OPTION */
export function headersOption(option: unknown): readonly TraceHeaders[] {
  if (!Array.isArray(option) || option.length === 0) throw unexpected('headers', 'an array of one format or more', option)
  for (const one of option as unknown[]) {
    if (typeof one !== 'string' || !Object.hasOwn(headerFormats, one))
      throw unexpected('headers', `formats out of ${Object.keys(headerFormats).join(', ')}`, one)
  }
  if (new Set(option).size < option.length) throw new SpanlogError('INVALID_OPTION', 'Expected `headers` to name each format once')
  return [...(option as TraceHeaders[])]
}
