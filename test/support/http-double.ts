import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, type Fault, send } from './faults.js'

/** One request as it came. */
export interface Asked {
  method: string
  path: string
  params: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
}

export interface HttpDouble {
  url: string
  seen: Asked[]
  /** The next `times` requests whose path holds `on` get the fault. */
  inject(fault: Fault, options?: { times?: number; on?: string }): void
  close(): Promise<void>
}

/** A server on loopback that answers as a store would, or with a fault. */
export async function startHttpDouble(answer: (asked: Asked) => Answer): Promise<HttpDouble> {
  const seen: Asked[] = []
  const faults: { fault: Fault; left: number; on: string }[] = []
  const honest = (asked: Asked): Answer => {
    try {
      return answer(asked)
    } catch (error) {
      return { status: 500, type: 'text/plain', body: `the double broke: ${String(error)}` }
    }
  }
  const server = createServer((request, response) => {
    const { pathname: path, searchParams: params } = new URL(request.url ?? '/', 'http://double')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = { method: request.method ?? '', path, params, headers: request.headers, body: Buffer.concat(chunks).toString() }
      seen.push(asked)
      const due = faults.find(({ left, on }) => left > 0 && path.includes(on))
      if (due === undefined) return send(response, honest(asked))
      due.left--
      due.fault(response, honest(asked))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
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

export function ok(value: object): Answer {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) }
}
