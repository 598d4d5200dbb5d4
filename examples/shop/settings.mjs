// Where a service of the shop listens, whom it calls, and where its spans go; run.mjs sets the variables.
const { PORT, UPSTREAM, SPAN_FILE, OTLP_URL } = process.env

export const port = Number(PORT)
export const upstream = UPSTREAM
export const exporters = OTLP_URL ? [{ type: 'otlp', url: `${OTLP_URL}/v1/traces` }] : [{ type: 'file', path: SPAN_FILE }]
