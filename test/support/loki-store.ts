import { randomBytes } from 'node:crypto'
import { lokiLogs } from 'spanlog/logs'
import type { LogStoreUnderTest, PushedLine } from '../contract/log-source.js'

/** Lines of one push; Loki takes 4 MB by default. */
const perPush = 1000

/**
 * A Loki, real or not, as a store for the contract suite. It may hold lines of other runs: each store has a `service_name` of its own.
 *
 * @param url - without a path
 */
export function lokiStore(url: string): Omit<LogStoreUnderTest, 'close'> {
  const run = `spanlog-${randomBytes(8).toString('hex')}`
  return {
    source: lokiLogs({ url, selector: `{service_name="${run}"}` }),
    supports: { metadata: true },
    async push(lines) {
      for (let start = 0; start < lines.length; start += perPush) await pushTo(url, run, lines.slice(start, start + perPush))
      for (const line of [lines[0], lines.at(-1)]) if (line !== undefined) await shown(url, run, line)
    },
  }
}

async function pushTo(url: string, run: string, lines: readonly PushedLine[]): Promise<void> {
  const streams = lines.map(({ timeUnixNano, line, labels, metadata = {} }) => ({
    stream: { ...labels, service_name: run },
    values: [[String(timeUnixNano), line, metadata]],
  }))
  const response = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams }),
  })
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
