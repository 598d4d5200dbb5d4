import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { type Answer, type Fault, send } from '../faults.js'
import { search } from './search.js'
import { type Otlp, TempoStore } from './store.js'

export interface TempoDoubleOptions {
  /** Answer as servers before the second version of the API did (by hand: not recorded). @defaultValue false */
  old?: boolean
  /** Refuse requests without `X-Scope-OrgID`. @defaultValue false */
  auth?: boolean
  /** A path in front of `/api`, as behind a reverse proxy. */
  prefix?: string
}

/** One request as it came. */
export interface Seen {
  method: string
  path: string
  headers: IncomingMessage['headers']
}

export interface TempoDouble {
  /** Also takes OTLP over HTTP in JSON, at `/v1/traces`. */
  url: string
  seen: Seen[]
  push(data: Otlp): void
  /** The next `times` requests whose path holds `on` get the fault. */
  inject(fault: Fault, options?: { times?: number; on?: string }): void
  close(): Promise<void>
}

/**
 * A Tempo in this process, over real HTTP on loopback: it keeps Tempo's rules as `test/recorded/tempo.json` shows them
 * (`tempo-recorded.test.ts` holds it to that), for what this project asks.
 */
export async function startTempoDouble(options: TempoDoubleOptions = {}): Promise<TempoDouble> {
  const { old = false, auth = false, prefix = '' } = options
  const store = new TempoStore()
  const seen: Seen[] = []
  const faults: { fault: Fault; left: number; on: string }[] = []

  function answer(request: IncomingMessage, path: string, params: URLSearchParams, body: Buffer): Answer {
    if (path === '/ready') return plain(200, 'ready\n')
    if (path === '/api/echo') return plain(200, 'echo\n')
    if (auth && request.headers['x-scope-orgid'] === undefined) return plain(401, 'no org id\n')
    try {
      if (request.method === 'POST' && path === '/v1/traces') {
        store.push(JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()) as Otlp)
        return json({ partialSuccess: {} })
      }
      if (path === '/api/search') return json(search(store, params))
      const [, version, id] = /^\/api\/(v2\/)?traces\/([^/]+)$/.exec(path) ?? []
      if (id === undefined || (old && version !== undefined)) return plain(404, '404 page not found\n')
      const batches = store.batches(paddedId(id))
      if (version !== undefined) {
        const isKnown = batches.length > 0
        return json({ trace: isKnown ? { resourceSpans: batches } : {}, metrics: isKnown ? { inspectedBytes: '1' } : {} })
      }
      return batches.length > 0 ? json({ batches }) : { status: 404, type: '', body: '' }
    } catch (error) {
      return plain(400, (error as Error).message)
    }
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://double')
    seen.push({ method: request.method ?? '', path: pathname, headers: request.headers })
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const honest = answer(request, pathname.startsWith(prefix) ? pathname.slice(prefix.length) : '', searchParams, Buffer.concat(chunks))
      const due = faults.find(({ left, on }) => left > 0 && pathname.includes(on))
      if (due === undefined) return send(response, honest)
      due.left--
      due.fault(response, honest)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    seen,
    push: (data) => store.push(data),
    inject(fault, { times = 1, on = '' } = {}) {
      faults.push({ fault, left: times, on })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Short IDs are padded, upper case is folded; the window is not looked at, since what is recent is always searched. */
function paddedId(id: string): string {
  const wrong = /[^0-9a-f]/i.exec(id)
  if (wrong !== null) {
    throw new Error(`trace IDs can only contain hex characters: invalid character '${wrong[0]}' at position ${wrong.index + 1}`)
  }
  if (id.length > 32) throw new Error("trace IDs can't be larger than 128 bits")
  return id.toLowerCase().padStart(32, '0')
}

function json(value: object): Answer {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) }
}

function plain(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body }
}
