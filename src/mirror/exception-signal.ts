/**
 * Where exceptions go: onto spans, into log records, or to both, as OpenTelemetry's instrumentations are told by
 * `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN` while they move from the one to the other.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/
 */
export const exceptionSignal = signalOf(process.env.OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN ?? '')

function signalOf(optIn: string): 'spans' | 'logs' | 'both' {
  const values = new Set(optIn.split(',').map((value) => value.trim()))
  if (values.has('logs/dup')) return 'both'
  return values.has('logs') ? 'logs' : 'spans'
}
