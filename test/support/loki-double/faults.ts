import type { ServerResponse } from 'node:http'

/** What the double would answer. */
export interface Answer {
  status: number
  type: string
  body: string
  headers?: Record<string, string>
}

/** Sends something else than the honest answer. All of these are written by hand: no recording shows them. */
export type Fault = (response: ServerResponse, honest: Answer) => void

export function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': type, ...headers })
  response.end(body)
}

export function refuse(status: number, body = '', headers: Record<string, string> = {}): Fault {
  return (response) => send(response, { status, type: 'text/plain; charset=utf-8', body, headers })
}

export const tooMany = refuse(429, 'too many outstanding requests', { 'retry-after': '0' })

/** The connection ends before an answer. */
export const reset: Fault = (response) => response.socket?.resetAndDestroy()

/** The connection ends in the middle of the body. */
export const resetMidway: Fault = (response, { status, type, body }) => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, body.length / 2), () => setImmediate(() => response.socket?.resetAndDestroy()))
}

/** Never an answer. */
export const hang: Fault = () => {}

/** Headers and half a body, then nothing. */
export const hangMidway: Fault = (response, { status, type, body }) => {
  response.writeHead(status, { 'content-type': type })
  response.write(body.slice(0, body.length / 2))
}

/** A body that ends too early, well framed: a proxy cut it. */
export const cutJson: Fault = (response, honest) => send(response, { ...honest, body: honest.body.slice(0, honest.body.length / 2) })

export const html: Fault = (response) => send(response, { status: 200, type: 'text/html', body: '<!doctype html><title>Sign in</title>' })

/** Another JSON than the one that was due. */
export function json(value: unknown): Fault {
  return (response, honest) => send(response, { ...honest, status: 200, type: 'application/json', body: JSON.stringify(value) })
}

interface StreamsBody {
  data: { result: { values: unknown[] }[]; stats?: unknown }
}

/** Changes the answer to a log query; others pass. */
export function changed(change: (body: StreamsBody) => void): Fault {
  return (response, honest) => {
    if (honest.status !== 200 || !honest.body.includes('"resultType":"streams"')) return send(response, honest)
    const body = JSON.parse(honest.body) as StreamsBody
    change(body)
    send(response, { ...honest, body: JSON.stringify(body) })
  }
}

export const withoutStatistics = changed(({ data }) => {
  delete data.stats
})

/** Some entries are missing although they match (grafana/loki #19133); the statistics show that more did. */
export function shortPage(keep: (index: number) => boolean): Fault {
  return changed(({ data }) => {
    let index = 0
    for (const stream of data.result) stream.values = stream.values.filter(() => keep(index++))
    data.result = data.result.filter(({ values }) => values.length > 0)
  })
}
