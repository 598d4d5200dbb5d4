import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { type Answer, type Fault, send } from '../faults.js'
import { drilldownLimits, indexStats, type LokiLimits, labelNames, queryInstant, queryRange, type Statistics, series } from './answers.js'
import { LokiStore, type OtlpLogs, type Stored } from './store.js'
import { Tails } from './tails.js'

export interface LokiDoubleOptions extends Partial<LokiLimits> {
  /** Refuse requests without `X-Scope-OrgID`. @defaultValue false */
  auth?: boolean
  statistics?: Statistics
  /** As `StoreRules`. @defaultValue false */
  keepsCopies?: boolean
  /** A label that each selector must name, as Loki's `required_labels`. */
  requiredLabel?: string
  /** @defaultValue any that is free */
  port?: number
  /** TLS instead of plain HTTP. */
  tls?: TlsOptions
  /** Milliseconds since the epoch, for the rule that refuses old lines. */
  now?: () => number
  /** A path in front of `/loki/api/v1`, as behind a reverse proxy. */
  prefix?: string
}

/** One request as it came, and how many were under way with it. */
export interface Seen {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  underWay: number
}

export interface LokiDouble {
  url: string
  limits: LokiLimits
  seen: Seen[]
  tails: Tails
  /** How many requests have no whole answer yet. */
  underWay(): number
  /** Stores lines of one stream. */
  push(stream: Record<string, string>, values: [bigint, string, Record<string, string>?][], tenant?: string): void
  /** Puts what was pushed into the index. */
  flush(): void
  /** The next `times` requests whose path and query hold `on` get the fault. */
  inject(fault: Fault, options?: { times?: number; on?: string; after?: number }): void
  close(): Promise<void>
}

/** As Loki names its only tenant with authentication off. */
const singleTenant = 'fake'

/**
 * A Loki in this process, over real HTTP on loopback: it keeps Loki's rules as `test/recorded/loki.json` shows them
 * (`loki-recorded.test.ts` holds it to that), for the requests that this project sends.
 */
export async function startLokiDouble(options: LokiDoubleOptions = {}): Promise<LokiDouble> {
  const limits: LokiLimits = {
    maxEntries: options.maxEntries ?? 5000,
    maxQueryLength: options.maxQueryLength ?? '30d1h',
    maxQueryLookback: options.maxQueryLookback ?? '0s',
    retentionPeriod: options.retentionPeriod ?? '0s',
    discoverServiceName: options.discoverServiceName ?? ['service', 'app', 'application', 'container', 'job'],
    maxMessageBytes: options.maxMessageBytes ?? Number.POSITIVE_INFINITY,
  }
  const { auth = false, statistics = 'window', keepsCopies = false, now = Date.now, prefix = '', requiredLabel, tls } = options
  const tails = new Tails()
  const stores = new Map<string, LokiStore>()
  const storeOf = (tenant: string): LokiStore => {
    const store =
      stores.get(tenant) ??
      new LokiStore({ discoverServiceName: limits.discoverServiceName, now, keepsCopies, added: (line: Stored) => tails.add(line) })
    stores.set(tenant, store)
    return store
  }
  const seen: Seen[] = []
  const faults: { fault: Fault; left: number; on: string; after: number }[] = []
  let underWay = 0

  function answer(request: IncomingMessage, path: string, query: URLSearchParams, body: string): Answer {
    if (path === '/ready') return plain(200, 'ready\n')
    const header = request.headers['x-scope-orgid']
    // The limits are a tenant's own, so they want one even with authentication off.
    if (header === undefined && (auth || path === '/loki/api/v1/drilldown-limits')) return plain(401, 'no org id\n')
    // Several at once have none, as Loki 3.7.6 says.
    if (path === '/loki/api/v1/drilldown-limits' && header?.includes('|')) return plain(401, 'multiple org IDs present\n')
    const store = storeOf(auth ? String(header) : singleTenant)
    const selector = query.get('query')
    if (requiredLabel !== undefined && selector !== null && !selector.startsWith(`{${requiredLabel}=`)) {
      return plain(400, `stream selector is missing required matchers [${requiredLabel}], labels present in the query were [service_name]`)
    }
    try {
      switch (`${request.method} ${path}`) {
        case 'POST /loki/api/v1/push':
          return pushed(store.push(parsePush(body)))
        case 'POST /otlp/v1/logs':
          return pushed(store.pushOtlp(JSON.parse(body) as OtlpLogs))
        case 'GET /loki/api/v1/query_range':
          return queryRange(store, limits, statistics, query, request.headers['x-loki-response-encoding-flags'] === 'categorize-labels')
        case 'GET /loki/api/v1/query':
          return queryInstant(store, query)
        case 'GET /loki/api/v1/index/stats':
          return indexStats(store, query)
        case 'GET /loki/api/v1/labels':
          return labelNames(store, query)
        case 'GET /loki/api/v1/series':
          return series(store, query)
        case 'GET /loki/api/v1/drilldown-limits':
          return drilldownLimits(limits)
        default:
          return plain(404, '404 page not found\n')
      }
    } catch (error) {
      return plain(400, (error as Error).message)
    }
  }

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://double')
    underWay++
    response.once('close', () => underWay--)
    seen.push({ method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, underWay })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : ''
      const sent = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      const honest = answer(request, path, url.searchParams, body.toString())
      const asked = `${url.pathname}?${[...url.searchParams].map(([key, value]) => `${key}=${value}`).join('&')}`
      const due = faults.find(({ left, on }) => left > 0 && asked.includes(on))
      if (due === undefined || due.after-- > 0) return send(response, honest)
      due.left--
      due.fault(response, honest)
    })
  }
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const url = new URL(request.url ?? '/', 'http://double')
    seen.push({ method: 'UPGRADE', path: url.pathname, query: url.searchParams, headers: request.headers, underWay })
    const tenant = auth ? String(request.headers['x-scope-orgid']) : singleTenant
    if (url.pathname === `${prefix}/loki/api/v1/tail`) tails.upgrade(request, socket, head, url.searchParams, storeOf(tenant).lines)
    else socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    limits,
    seen,
    tails,
    underWay: () => underWay,
    push(stream, values, tenant = singleTenant) {
      const refusal = storeOf(tenant).push({ streams: [{ stream, values: values.map(([at, ...rest]) => [String(at), ...rest]) }] })
      if (refusal !== undefined) throw new Error(refusal)
    },
    flush() {
      for (const store of stores.values()) store.flush()
    },
    inject(fault, { times = 1, on = '', after = 0 } = {}) {
      faults.push({ fault, left: times, on, after })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      tails.cut()
      server.closeAllConnections()
      await closed
    },
  }
}

function pushed(refusal: string | undefined): Answer {
  return refusal === undefined ? { status: 204, type: 'text/plain', body: '' } : plain(400, `${refusal}\n`)
}

function plain(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body }
}

function parsePush(body: string): Parameters<LokiStore['push']>[0] {
  let parsed: Parameters<LokiStore['push']>[0]
  try {
    parsed = JSON.parse(body) as typeof parsed
  } catch {
    throw new Error('loghttp.PushRequest.readFieldHash: expect "')
  }
  const metadata = parsed.streams.flatMap(({ values }) => values).flatMap(([, , extra = {}]) => Object.values(extra))
  if (metadata.some((value) => typeof value !== 'string')) {
    throw new Error(
      "loghttp.PushRequest.Streams: []loghttp.LogProtoStream: unmarshalerDecoder: Value is string, but can't find closing '\"' symbol",
    )
  }
  return parsed
}
