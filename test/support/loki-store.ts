import { randomBytes } from 'node:crypto'
import { type LogSource, lokiLogs } from 'spanlog/logs'
import type { LogStoreUnderTest, PushedLine } from '../contract/log-source.js'

/** Lines and bytes of one push; Loki takes 4 MB by default. */
const perPush = { lines: 1000, bytes: 2e6 }

/**
 * A Loki, real or not, as a store for the contract suite. It may hold lines of other runs: each store has a `service_name` of its own.
 *
 * @param url - without a path
 * @param from - in place of the default window, which takes a real server its time
 */
export function lokiStore(url: string, from?: string): Omit<LogStoreUnderTest, 'close'> {
  const run = `spanlog-${randomBytes(8).toString('hex')}`
  const source = lokiLogs({ url, selector: `{service_name="${run}"}` })
  const narrower: LogSource = {
    ...source,
    forTrace: (traceId, options = {}) =>
      source.forTrace(traceId, 'to' in options ? options : { ...(from !== undefined && { from }), ...options }),
  }
  return {
    source: narrower,
    supports: { metadata: true },
    async push(lines) {
      for (const batch of batchesOf(lines)) await pushTo(url, run, batch)
      for (const line of [lines[0], lines.at(-1)]) if (line !== undefined) await shown(url, run, line)
    },
  }
}

function batchesOf(lines: readonly PushedLine[]): PushedLine[][] {
  const batches: PushedLine[][] = [[]]
  let bytes = 0
  for (const line of lines) {
    bytes += line.line.length
    if ((batches.at(-1)?.length ?? 0) >= perPush.lines || bytes > perPush.bytes) {
      batches.push([])
      bytes = line.line.length
    }
    batches.at(-1)?.push(line)
  }
  return batches
}

async function pushTo(url: string, run: string, lines: readonly PushedLine[]): Promise<void> {
  const streams = lines.map(({ timeUnixNano, line, labels, metadata = {} }) => ({
    stream: { ...labels, service_name: run },
    values: [[String(timeUnixNano), line, metadata]],
  }))
  const push = () =>
    fetch(`${url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ streams }),
    })
  let response = await push()
  // Over its rate: nothing of the push was taken.
  for (let tries = 0; response.status === 429 && tries < 20; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    response = await push()
  }
  if (response.status !== 204) throw new Error(`${response.status} ${await response.text()}`)
}

/** Waits until a query finds the line. */
async function shown(url: string, run: string, { timeUnixNano }: PushedLine): Promise<void> {
  const query = { query: `{service_name="${run}"}`, start: String(timeUnixNano), end: String(timeUnixNano + 1n), limit: '1' }
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(`${url}/loki/api/v1/query_range?${new URLSearchParams(query).toString()}`)
    const { data } = (await response.json()) as { data: { result: unknown[] } }
    if (data.result.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Loki does not show a line of ${timeUnixNano}`)
}
