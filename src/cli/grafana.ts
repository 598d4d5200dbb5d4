import { unexpected } from '../errors.js'
import type { Flags } from './command.js'
import type { Places } from './sources.js'

export const grafanaFlag = {
  grafana: { type: 'string', value: '<url>', help: "print links into this Grafana's Explore: to the lines of the trace, and to the trace" },
} as const satisfies Flags

/** A span of time in nanoseconds since the epoch. */
export interface Extent {
  from?: bigint | undefined
  to?: bigint | undefined
}

const marginMs = 60_000

/**
 * Explore's URLs for the lines of a trace and for the trace, or none where nobody says where Grafana is.
 *
 * @param found - from the first line to the last; without any, the window that was looked at
 * @throws SpanlogError INVALID_URL
 * @see https://grafana.com/docs/grafana/latest/explore/ (URLs of schema version 1: Grafana 10 and later)
 */
export function exploreLinks(
  traceId: string,
  flag: string | undefined,
  { config, loki, selector }: Places,
  found: Extent,
): { logs: string; trace: string } | undefined {
  const base = grafanaBase(flag ?? config.grafana?.url)
  if (base === undefined) return undefined
  // Through Grafana's proxy, the URL of Loki names its data source.
  const [, proxied] = /\/api\/datasources\/proxy\/uid\/([^/?#]+)/.exec(String(loki?.url ?? '')) ?? []
  const range = { from: msText(found.from, -marginMs) ?? 'now-7d', to: msText(found.to, marginMs) ?? 'now' }
  const link = (type: 'loki' | 'tempo', uid: string, queries: object[]): string => {
    const datasource = { type, uid }
    const asked = queries.map((query, index) => ({ refId: 'AB'[index], datasource, ...query }))
    const url = new URL('explore', base)
    const panes = JSON.stringify({ spanlog: { datasource: uid, queries: asked, range } })
    url.search = `schemaVersion=1&panes=${encodeURIComponent(panes)}`
    return url.href
  }
  const streams = selector ?? '{service_name=~".+"}'
  return {
    logs: link('loki', proxied === undefined ? (config.grafana?.loki ?? 'loki') : decodeURIComponent(proxied), [
      { expr: `${streams} |= \`${traceId}\``, queryType: 'range' },
      // In structured metadata or a label: a filter for text does not see it there.
      { expr: `${streams} | trace_id=\`${traceId}\` != \`${traceId}\``, queryType: 'range' },
    ]),
    trace: link('tempo', config.grafana?.tempo ?? 'tempo', [{ queryType: 'traceql', query: traceId }]),
  }
}

function grafanaBase(given: string | undefined): URL | undefined {
  if (given === undefined) return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw unexpected('--grafana', 'an absolute http:// or https:// URL without a password', given.replace(/\/\/.*@/, '//…@'), 'INVALID_URL')
  }
  // A path of its own is kept: Grafana may be served from one.
  url.pathname = url.pathname.replace(/\/*$/, '/')
  url.search = ''
  url.hash = ''
  return url
}

function msText(nano: bigint | undefined, margin: number): string | undefined {
  return nano === undefined ? undefined : String(nano / 1_000_000n + BigInt(margin))
}
