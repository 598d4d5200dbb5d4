// What each row of the matrix must show, on real loggers, servers and files. One function, so that it can be required,
// imported and bundled; the modules come from whoever calls it, as only they know how their world loads a package.
'use strict'
const { createServer } = require('node:http')
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const incoming = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${incoming}-b7ad6b7169203331-01`

/** @returns what each check came to: `true`, or a sentence that says what was wrong */
module.exports = async function checks({ spanlog, pino, winston, http, logs, traces, tracing }) {
  const { correlationId, runWithTrace, withSpan } = spanlog
  const lines = []
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) })

  const results = {}
  const check = async (name, run) => {
    try {
      await run()
      results[name] = true
    } catch (error) {
      results[name] = String(error?.message ?? error).split('\n')[0]
    }
  }

  await check('pino', () => {
    let id
    lines.length = 0
    log.info('outside')
    withSpan('job', () => {
      id = correlationId()
      log.info('inside')
    })
    same(lines[0], '{"level":30,"msg":"outside"}\n')
    same(JSON.parse(lines[1]).trace_id, id)
    same(/^[0-9a-f]{32}$/.test(id), true)
  })

  await check('winston', () => {
    const { Writable } = require('node:stream')
    const written = []
    const stream = new Writable({ write: (chunk, _encoding, done) => done(void written.push(String(chunk))) })
    const logger = winston.createLogger({ format: winston.format.json(), transports: [new winston.transports.Stream({ stream })] })
    const id = withSpan('job', () => {
      logger.info('inside')
      return correlationId()
    })
    same(JSON.parse(written[0]).trace_id, id)
  })

  await check('context', () =>
    runWithTrace({ traceparent }, async () => {
      await sleep(1)
      await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([1, 2].map(() => new Promise((resolve) => process.nextTick(resolve))))
      same(correlationId(), incoming)
    }),
  )

  await check('http', async () => {
    lines.length = 0
    const inner = createServer(serve(() => log.info('inner')))
    const outer = createServer(
      serve(() =>
        http
          .traceFetch(fetch)(address(inner))
          .then((answer) => answer.text()),
      ),
    )
    await Promise.all([inner, outer].map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))))
    await fetch(address(outer), { headers: { traceparent } }).then((answer) => answer.text())
    for (const server of [inner, outer]) server.close()
    same(JSON.parse(lines.find((line) => line.includes('"inner"'))).trace_id, incoming)
  })
  function serve(run) {
    const middleware = http.traceHttp()
    return (request, response) => middleware(request, response, async () => response.end(String(await run())))
  }

  await check('query', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanlog-matrix-'))
    lines.length = 0
    runWithTrace({ traceparent }, () => {
      for (let i = 0; i < 100; i++) log.info({ i }, 'line')
    })
    log.info('of none')
    writeFileSync(join(folder, 'app.log'), lines.join(''))
    const { entries, verdict } = await logs
      .fileLogs({ paths: [folder] })
      .forTrace(incoming)
      .collect()
    rmSync(folder, { recursive: true })
    same(JSON.stringify([entries.length, verdict.complete]), '[100,true]')
  })

  if (tracing)
    await check('tracing', async () => {
      const recent = traces.memoryTraces()
      const started = tracing.startTracing({ serviceName: 'matrix', exporters: [recent], detectors: [] })
      const id = runWithTrace({ traceparent }, () =>
        withSpan('parent', () => withSpan('child', () => (log.warn('mirrored'), correlationId()))),
      )
      await started.forceFlush()
      const { trace } = await recent.trace(id)
      await started.shutdown()
      const child = trace.spans.find((span) => span.name === 'child')
      same(JSON.stringify([id, trace.spans.length, child.events.length]), JSON.stringify([incoming, 2, 1]))
    })

  return results
}

function address(server) {
  return `http://127.0.0.1:${server.address().port}/`
}

function same(actual, expected) {
  if (actual !== expected) throw new Error(`expected ${expected}, received ${actual}`)
}
