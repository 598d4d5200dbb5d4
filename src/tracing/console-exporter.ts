import { Console } from 'node:console'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node'
import { peers } from './peers.js'

/**
 * One readable line a span, on stderr: stdout belongs to the log lines.
 *
 * `2026-05-04T10:20:30.123Z span 12.345ms error server "GET /orders" trace_id=… span_id=… parent_id=… {"http.route":"/orders"}`
 */
export class ConsoleExporter implements SpanExporter {
  // A console of its own passes over a closed pipe, and over what a test runner made of the global one.
  private readonly console = new Console(process.stderr, process.stderr)

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    for (const span of spans) this.console.error('%s', lineOf(span))
    done({ code: peers.core().ExportResultCode.SUCCESS })
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}

function lineOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext()
  const [seconds, nanos] = span.startTime
  const durationMs = span.duration[0] * 1000 + span.duration[1] / 1e6
  const { code, message } = span.status
  const parts = [
    new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString(),
    'span',
    `${durationMs.toFixed(3)}ms`,
    ...(code === SpanStatusCode.UNSET ? [] : [SpanStatusCode[code].toLowerCase()]),
    SpanKind[span.kind].toLowerCase(),
    JSON.stringify(span.name),
    ...(message === undefined ? [] : [`status=${JSON.stringify(message)}`]),
    `trace_id=${traceId}`,
    `span_id=${spanId}`,
    ...(span.parentSpanContext === undefined ? [] : [`parent_id=${span.parentSpanContext.spanId}`]),
    ...(span.events.length === 0 ? [] : [`events=${span.events.length}`]),
    ...span.links.map(({ context }) => `link=${context.traceId}`),
    JSON.stringify(span.attributes),
  ]
  return printable(parts.join(' '))
}

/** JSON leaves DEL and the C1 controls as they are, and a terminal obeys them. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
