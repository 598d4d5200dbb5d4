// Where Redis is, and where each service's spans go; run.mjs sets the variables.
export const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT ?? 6379) }
export const exporters = [{ type: 'file', path: process.env.SPAN_FILE }]
