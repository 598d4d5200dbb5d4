import { randomBytes } from 'node:crypto'
import { type LogSource, type VictoriaLogsOptions, victoriaLogs } from 'spanlog/logs'
import type { LogStoreUnderTest, PushedLine } from '../contract/log-source.js'

/** Lines of one push, of which the longest stay below the 64 MB that VictoriaLogs takes at once. */
const perPush = 200

/**
 * A VictoriaLogs, real or not, as a store for the contract suite. It may hold lines of other runs: each store has a `service_name` of
 * its own.
 */
export function victoriaStore(url: string, options: Partial<VictoriaLogsOptions> = {}): Omit<LogStoreUnderTest, 'close'> {
  const run = `spanlog-${randomBytes(8).toString('hex')}`
  const source: LogSource = victoriaLogs({ url, selector: `{service_name="${run}"}`, ...options })
  return {
    source,
    supports: { metadata: true },
    async push(lines) {
      for (let begin = 0; begin < lines.length; begin += perPush) await pushTo(url, run, lines.slice(begin, begin + perPush))
      // What was pushed shows after a second otherwise.
      const response = await fetch(`${url}/internal/force_flush`)
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    },
  }
}

async function pushTo(url: string, run: string, lines: readonly PushedLine[]): Promise<void> {
  const names = new Set(lines.flatMap(({ labels = {} }) => Object.keys(labels)))
  const params = new URLSearchParams({ _stream_fields: ['service_name', ...names].join(',') })
  const texts = lines.map(({ timeUnixNano, line, labels, metadata }) =>
    JSON.stringify({ ...labels, ...metadata, service_name: run, _time: String(timeUnixNano), _msg: line }),
  )
  const response = await fetch(`${url}/insert/jsonline?${params.toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/stream+json' },
    body: texts.join('\n'),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
}
