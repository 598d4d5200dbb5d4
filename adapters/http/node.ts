import type { IncomingMessage, ServerResponse } from 'node:http'
import { bindTrace } from '../../src/context/bind.js'
import { countRequestBody, countResponseBody } from './body-size.js'
import type { Edge, Exchange } from './edge.js'
import { guarded } from './guarded.js'
import { factsOf } from './request.js'

/** The edge of what serves by node's own requests and responses. */
export interface NodeEdge<Subject> {
  /** Opens the server span of a request; `undefined` where the request is passed on untouched. */
  open(subject: Subject, req: IncomingMessage): Exchange | undefined
  /** Answers with the trace ID, keeps the trace through the events of both, and ends the exchange when the response is over. */
  follow(exchange: Exchange, req: IncomingMessage, res: ServerResponse): void
  /** Both. */
  begin(subject: Subject, req: IncomingMessage, res: ServerResponse): Exchange | undefined
}

export function nodeEdge<Subject>(edge: Edge<Subject>): NodeEdge<Subject> {
  const open = (subject: Subject, req: IncomingMessage): Exchange | undefined => edge.open(subject, req, factsOf)
  return {
    open,
    follow,
    begin(subject, req, res) {
      const exchange = open(subject, req)
      if (exchange !== undefined) follow(exchange, req, res)
      return exchange
    },
  }
}

function follow(exchange: Exchange, req: IncomingMessage, res: ServerResponse): void {
  guarded('a request could not be followed', () => followed(exchange, req, res))
}

const unknown = (): undefined => undefined

function followed(exchange: Exchange, req: IncomingMessage, res: ServerResponse): void {
  exchange.run(() => {
    bindTrace(req)
    bindTrace(res)
  })
  if (!res.headersSent) {
    for (const [name, value] of exchange.headers) guarded('a response header could not be set', () => res.setHeader(name, value))
  }
  const requestBody = exchange.wantsSizes ? countRequestBody(req) : unknown
  const responseBody = exchange.wantsSizes ? countResponseBody(req, res) : unknown
  const over = (): void =>
    exchange.over({
      // Of a response that never began, the status is node's default and nobody's answer.
      status: res.headersSent ? res.statusCode : undefined,
      sizes: { request: requestBody(), response: responseBody() },
      finished: res.writableFinished,
    })
  // A broken connection has no `finish`. OpenTelemetry's instrumentation reads the route at `close`: ours has to be there before.
  res.once('finish', over).once('close', over)
}
