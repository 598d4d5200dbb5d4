// Where a service of the shop listens, whom it calls, and where its spans go: run.mjs sets the variables, or whoever deploys it.
const { PORT, HOST, UPSTREAM, SPAN_FILE, OTLP_URL } = process.env

export const port = Number(PORT)
export const host = HOST ?? '127.0.0.1'
export const upstream = UPSTREAM
/** Without either variable, OpenTelemetry's own (`OTEL_EXPORTER_OTLP_ENDPOINT`) say where. */
export const exporters = OTLP_URL
  ? [{ type: 'otlp', url: `${OTLP_URL}/v1/traces` }]
  : SPAN_FILE
    ? [{ type: 'file', path: SPAN_FILE }]
    : ['otlp']
