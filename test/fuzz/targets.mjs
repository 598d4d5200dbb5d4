// What comes from outside, and what must hold of it whatever it is.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { parser as logql } from '@grafana/lezer-logql'
import fc from 'fast-check'
import { mutated, mutatedJson } from './mutated.mjs'

const here = import.meta.dirname
const require = createRequire(import.meta.url)
const inner = (name) => require(`../../dist/src/${name}.js`)
const { SpanlogError, extractTrace, injectTrace, runWithTrace } = inner('index')
const { criticalPath, findErrors, assessQuality, selfTimes } = inner('analysis/index')
const { fileLogs, lokiLogs } = inner('logs/index')
const { tempoTraces } = inner('traces/index')
const { readSpans } = inner('traces/otlp')
const { parseLine } = inner('logs/parse')
const { readLine } = inner('logs/entry')
const { parseSelector, queryForms } = inner('logs/loki/logql')
const { traceForms } = inner('logs/needles')
const { headerFormats } = inner('context/headers/formats')
const { parseCommandLine } = inner('cli/parse')
const { commands } = inner('cli/commands')
const { generalFlags } = inner('cli/options')
const { escapeText } = inner('view/terminal/text')
const { drawWaterfall } = inner('view/terminal/waterfall')
const { hideSqlLiterals } = inner('redaction/sql')
const { createRedactor } = inner('redaction/redactor')

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const recorded = (name) => JSON.parse(readFileSync(path.join(here, `../recorded/${name}.json`), 'utf8'))

// oxlint-disable-next-line no-control-regex -- that none of them gets to a terminal is what is asked
const controls = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** Of a fault of ours, which is none: a clear error of the catalogue. */
function orSpanlogError(run) {
  try {
    return run()
  } catch (error) {
    if (error instanceof SpanlogError) return undefined
    throw error
  }
}

const headerSeeds = {
  w3c: [
    ['traceparent', `00-${traceId}-${spanId}-01`],
    ['tracestate', 'a=1,b@c=2;3'],
  ],
  b3: [['b3', `${traceId}-${spanId}-1-${spanId}`]],
  b3multi: [
    ['x-b3-traceid', traceId],
    ['x-b3-spanid', spanId],
    ['x-b3-sampled', '1'],
    ['x-b3-flags', '0'],
  ],
  xray: [['x-amzn-trace-id', `Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=${spanId};Sampled=1`]],
  datadog: [
    ['x-datadog-trace-id', '9532127138774266268'],
    ['x-datadog-parent-id', '13235353014750950193'],
    ['x-datadog-tags', '_dd.p.tid=0af7651916cd43dd'],
    ['x-datadog-sampling-priority', '1'],
  ],
}

const headers = fc.asyncProperty(
  fc
    .constantFrom(...Object.keys(headerSeeds))
    .chain((format) =>
      fc.tuple(
        fc.constant(format),
        ...headerSeeds[format].map(([name, value]) => fc.tuple(fc.constant(name), fc.array(mutated([value]), { maxLength: 2 }))),
      ),
    ),
  async ([format, ...fields]) => {
    const carrier = Object.fromEntries(fields)
    const named = headerFormats[format].read((name) => carrier[name] ?? [])
    const trace = extractTrace(carrier)
    for (const found of [named, trace].filter(Boolean)) {
      assert.match(found.traceId, /^(?!0{32})[0-9a-f]{32}$/)
      assert.match(found.spanId, /^(?!0{16})[0-9a-f]{16}$/)
    }
    if (trace === undefined) return
    // What goes on to the next service is what came, and can be read there.
    const out = runWithTrace(carrier, () => injectTrace({}))
    assert.equal(extractTrace(out).traceId, trace.traceId)
    assert.match(out.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    assert.doesNotMatch(out.tracestate ?? '', /[\r\n\0]/)
  },
)

const lineSeeds = [
  `{"level":30,"time":1795230000000,"trace_id":"${traceId}","span_id":"${spanId}","msg":"order placed","err":{"stack":"Error: x\\n    at y"}}`,
  `level=info ts=2026-11-21T03:44:00.123456789Z trace_id=${traceId} msg="order placed" n=1`,
  `2026-11-21T03:44:00.123Z  INFO [orders,${traceId},${spanId}] 1 --- [main] c.s.Orders : order placed`,
  `[2026-11-21 03:44:00,123] WARN (4242): bank is slow trace_id=${traceId}`,
  `<165>1 2026-11-21T03:44:00.123Z host app 4711 ID47 [sd a="b"] {"traceId":"${traceId}"}`,
  `Nov 21 03:44:00 host app[4711]: traceparent: 00-${traceId}-${spanId}-01`,
  `{"log":"{\\"msg\\":\\"inner\\",\\"trace_id\\":\\"${traceId}\\"}\\n","stream":"stdout","time":"2026-11-21T03:44:00.123Z"}`,
  `2026-11-21T03:44:00.123456789Z stdout F {"msg":"cri","dd.trace_id":"9532127138774266268"}`,
  `127.0.0.1 - - [21/Nov/2026:03:44:00 +0000] "GET /orders HTTP/1.1" 200 17 "-" "curl" ${traceId}`,
]

const redactor = createRedactor()
const lines = fc.asyncProperty(mutated(lineSeeds), async (text) => {
  parseLine(text)
  const entry = readLine({ line: text })
  if (entry !== undefined) {
    assert.equal(entry.line, text)
    if (entry.traceId !== undefined) assert.match(entry.traceId, /^[0-9a-f]{32}$/)
    if (entry.spanId !== undefined) assert.match(entry.spanId, /^[0-9a-f]{16}$/)
    if (entry.timeUnixNano !== undefined) assert.equal(typeof entry.timeUnixNano, 'bigint')
  }
  assert.doesNotMatch(escapeText(text), controls)
  hideSqlLiterals(text)
  redactor.text(text)
  const hidden = redactor.line(text)
  // What nothing was hidden of stays as it was, and a JSON line stays one.
  if (isJson(text)) assert.ok(isJson(hidden), hidden)
  assert.equal(redactor.line(`{"msg":"x","password":${JSON.stringify(text.slice(0, 40))}}`), '{"msg":"x","password":"[REDACTED]"}')
})

function isJson(text) {
  try {
    return Boolean(JSON.parse(text))
  } catch {
    return false
  }
}

/** Every line of the trace that stands in the file whole is found, and nothing that does not stand there. */
const files = fc.asyncProperty(
  fc.array(fc.oneof(mutated(lineSeeds), fc.constantFrom(...lineSeeds)), { minLength: 1, maxLength: 30 }),
  fc.constantFrom('plain', 'packed', 'cut'),
  async (texts, how) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-fuzz-'))
    try {
      const content = Buffer.from(texts.join('\n'))
      const packed = gzipSync(content)
      const bytes = { plain: content, packed, cut: packed.subarray(0, packed.length - 9) }[how]
      writeFileSync(path.join(folder, 'app.log'), bytes)
      const { entries, verdict } = await fileLogs({ paths: [folder] })
        .forTrace(traceId)
        .collect()
      const text = content.toString()
      for (const { line } of entries)
        assert.ok(text.includes(line) || how !== 'plain', `${JSON.stringify(line)} does not stand in the file`)
      assert.equal(verdict.entries, entries.length)
      if (how === 'cut') assert.equal(verdict.complete, false)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

const selectors = ['{service_name="orders"}', '{app=~"a|b", env!="dev"} |= "x"', '{job=`x`} | json | level="error"']
const logqlParts = fc.asyncProperty(mutated(selectors), async (text) => {
  const selector = orSpanlogError(() => parseSelector(text))
  if (selector === undefined) return
  for (const { query } of queryForms(selector, traceForms(traceId))) {
    const wrong = []
    logql.parse(query).iterate({ enter: ({ type, from, to }) => void (type.isError && wrong.push(query.slice(from, to + 10))) })
    assert.deepEqual(wrong, [], query)
  }
})

const otlpDocuments = recorded('tempo')
  .exchanges.concat(recorded('jaeger').exchanges)
  .map(({ request }) => request.body)
  .filter((body) => typeof body === 'object' && body !== null && 'resourceSpans' in body)

const otlp = fc.asyncProperty(mutatedJson(otlpDocuments), async (document) => {
  const read = orSpanlogError(() => readSpans(document))
  if (read === undefined) return
  const byTrace = Map.groupBy?.(read.spans, (span) => span.traceId) ?? group(read.spans)
  for (const [id, spans] of byTrace) {
    assert.match(id, /^[0-9a-f]{32}$/)
    for (const span of spans) {
      assert.match(span.spanId, /^[0-9a-f]{16}$/)
      assert.equal(typeof span.startUnixNano, 'bigint')
    }
    const trace = { traceId: id, spans }
    criticalPath(trace)
    selfTimes(trace)
    findErrors([trace])
    assessQuality([trace])
    for (const row of drawWaterfall({ traceId: id, trace, entries: [] }, { width: 80, attributes: true }))
      assert.doesNotMatch(row, controls)
  }
})

function group(spans) {
  const groups = new Map()
  for (const span of spans) groups.set(span.traceId, [...(groups.get(span.traceId) ?? []), span])
  return groups
}

/** A store that answers anything: the sources end, with a verdict or a clear error, and never throw anything else. */
const bodies = ['loki', 'tempo'].flatMap((name) =>
  recorded(name).exchanges.map(({ response }) =>
    typeof response?.body === 'string' ? response.body : JSON.stringify(response?.body ?? ''),
  ),
)
const answers = fc.asyncProperty(
  fc.array(fc.tuple(fc.constantFrom(200, 200, 200, 204, 400, 404, 429, 500, 503), mutated(bodies)), { minLength: 1, maxLength: 8 }),
  async (list) => {
    let asked = 0
    const server = createServer((_request, response) => {
      const [status, body] = list[asked++ % list.length]
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(status === 204 ? undefined : body)
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${server.address().port}`
    const brief = { maxRetryMs: 20, timeoutMs: 2000 }
    try {
      const { verdict, entries } = await lokiLogs({ url, ...brief })
        .forTrace(traceId, { from: 0n, to: 1_000_000_000n })
        .collect()
      assert.equal(verdict.entries, entries.length)
      if (list.every(([status]) => status !== 200)) assert.equal(verdict.complete, false)
      const found = await tempoTraces({ url, ...brief }).trace(traceId)
      if (found.trace !== undefined) assert.equal(found.trace.traceId, traceId)
    } catch (error) {
      if (!(error instanceof SpanlogError)) throw error
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)

const words = [
  '--file',
  '--loki',
  '--from',
  '--to',
  '--json',
  '--limit',
  '--level',
  'http://127.0.0.1',
  traceId,
  '1h',
  '-',
  '--',
  '--no-color',
  '--only',
  'errors',
  '--service=orders',
]
const commandLine = fc.asyncProperty(
  fc.constantFrom(...Object.keys(commands)),
  fc.array(mutated(words), { maxLength: 6 }),
  async (name, args) => {
    const { flags } = await commands[name].load()
    orSpanlogError(() => parseCommandLine(name, { ...flags, ...generalFlags }, args))
  },
)

export const targets = { headers, lines, files, logqlParts, otlp, answers, commandLine }
