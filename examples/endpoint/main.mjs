// GET /traces/:id/logs: the lines of a trace as NDJSON, and the verdict as the last line.
// LOKI_URL, or LOGS with files and folders, says where they are; AUDIT names a file in which each question is written down before it is asked.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SpanlogError } from 'spanlog'
import { auditedLogs, fileLogs, lokiLogs, toJson } from 'spanlog/logs'
import pino from 'spanlog/pino'

const log = pino()
const { AUDIT, LOKI_URL, LOGS = 'docs/example', PORT = '3000' } = process.env
const source = LOKI_URL === undefined ? fileLogs({ paths: LOGS.split(':') }) : lokiLogs({ url: LOKI_URL })

/** @param who - who asks: here whom the proxy before it has logged in, since it is reached by that alone */
function sourceFor(who) {
  if (AUDIT === undefined) return source
  return auditedLogs(source, { file: AUDIT, source: LOKI_URL ?? LOGS, ...(who && { who }) })
}

async function* ndjson(query) {
  for await (const entry of query) yield `${JSON.stringify(toJson(entry))}\n`
  yield `${JSON.stringify({ verdict: await query.verdict() }, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}\n`
}

async function serve(req, res) {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost')
  const [, traceId] = /^\/traces\/([^/]+)\/logs$/.exec(pathname) ?? []
  if (traceId === undefined || req.method !== 'GET') {
    res.writeHead(404).end()
    return
  }

  const from = searchParams.get('from')
  const query = sourceFor(req.headers['x-forwarded-user']).forTrace(traceId, { ...(from !== null && { from }), maxBytes: 50e9 })
  res.setHeader('content-type', 'application/x-ndjson')
  try {
    // Back-pressure: the next line is asked for when the client has room for it. A client that goes away ends the query.
    await pipeline(Readable.from(ndjson(query), { objectMode: false }), res)
  } catch (error) {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  const { complete, entries, reasons } = await query.verdict()
  log.info({ traceId, complete, entries, reasons: reasons.map(({ code }) => code) }, 'lines sent')
}

createServer((req, res) =>
  serve(req, res).catch((error) => {
    // What the caller got wrong is thrown before anything is asked; what the store gets wrong stands in the verdict.
    const status = error instanceof SpanlogError && error.code.startsWith('INVALID_') ? 400 : 500
    if (res.headersSent) {
      res.destroy()
      return
    }
    if (status === 500) log.error(error, 'request failed')
    res
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: status === 400 ? error.message : 'internal' }))
  }),
).listen(Number(PORT), '127.0.0.1', () => log.info('listening'))
