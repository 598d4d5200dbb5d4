import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { lokiLogs } from 'spanlog/logs'

/** Lines of the trace; each stands among ten of others. The double goes through all of them for each page, and is asked for fewer. */
export const sizes = [
  1000,
  12_000,
  ...(process.env['LOKI_URL'] ? [100_000] : []),
  ...(process.env['SPANLOG_BENCH_MILLION'] ? [1_000_000] : []),
]
const hour = 3600n * 1_000_000_000n
const perPush = 40_000
const note = path.join(tmpdir(), 'spanlog-bench-query.json')

/** What the process that compares has prepared, for the contenders, which are its children. */
export const { traceId, url, run, from, to } = JSON.parse(process.env['SPANLOG_BENCH_QUERY'] ?? JSON.stringify(await prepare()))

export const selectorOf = (size) => `{service_name="${run}-${size}"}`
export const sourceOf = (size, options) => lokiLogs({ url, selector: selectorOf(size), ...options })
export const windowOf = () => ({ from: BigInt(from), to: BigInt(to) })

async function prepare() {
  const given = process.env['LOKI_URL']
  const prepared = (given && (await kept(given))) || (await pushAll(given ?? (await startDouble())))
  process.env['SPANLOG_BENCH_QUERY'] = JSON.stringify(prepared)
  return prepared
}

/** What an earlier run has pushed to this Loki to its end, if it is there still: a million lines and ten million others take minutes. */
async function kept(server) {
  let prepared
  try {
    prepared = JSON.parse(readFileSync(note, 'utf8'))
  } catch {
    return undefined
  }
  if (prepared.url !== server) return undefined
  for (const size of sizes) {
    // The last minute of the hour `[from, to)`; what is counted stands in `(time - 1m, time]`.
    const query = `sum(count_over_time({service_name="${prepared.run}-${size}"}[1m]))`
    const params = new URLSearchParams({ query, time: String(BigInt(prepared.to) - 1n) })
    const response = await fetch(`${server}/loki/api/v1/query?${params}`)
    const counted = response.ok ? (await response.json()).data.result[0]?.value[1] : undefined
    if (counted !== String(Math.floor((size * 11) / 60))) return undefined
  }
  return prepared
}

async function pushAll(server) {
  const end = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n
  const prepared = {
    traceId: randomBytes(16).toString('hex'),
    url: server,
    run: `spanlog-bench-${randomBytes(4).toString('hex')}`,
    from: String(end - hour),
    to: String(end),
  }
  for (const size of sizes) await Promise.all([0, 1].map((lane) => push(prepared, size, lane)))
  if (server === process.env['LOKI_URL']) writeFileSync(note, JSON.stringify(prepared))
  return prepared
}

/** The double of the tests is TypeScript: it is made into one module that node can load. */
async function startDouble() {
  const entry = fileURLToPath(new URL('../test/support/loki-double/server.ts', import.meta.url))
  const outfile = path.join(tmpdir(), `spanlog-loki-double-${process.pid}.cjs`)
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' })
  const { startLokiDouble } = await import(pathToFileURL(outfile).href)
  const double = await startLokiDouble()
  return double.url
}

/**
 * In the order of their times, over an hour and eight streams; every eleventh line is of the trace. Each of two lanes has streams of its
 * own, so that one is made while Loki takes the other.
 */
async function push({ traceId: own, url: server, run: name, from: begin }, size, lane) {
  const all = size * 11
  for (let n = 0; n < all; n += perPush) {
    const streams = Array.from({ length: 8 }, (_, i) => ({ stream: { service_name: `${name}-${size}`, pod: `pod-${i}` }, values: [] }))
    for (let i = n + lane; i < Math.min(all, n + perPush); i += 2) {
      const time = BigInt(begin) + (hour * BigInt(i)) / BigInt(all)
      const id = i % 11 === 0 ? own : i.toString(16).padStart(32, 'f')
      const line = `{"level":30,"trace_id":"${id}","span_id":"eee19b7ec3c1b174","orderId":${i},"path":"/orders/${i % 100}","msg":"request completed"}`
      streams[i % 8].values.push([String(time), line])
    }
    const response = await fetch(`${server}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams: streams.filter(({ values }) => values.length > 0) }),
    })
    if (response.status !== 204) throw new Error(`${response.status} ${await response.text()}`)
  }
}
