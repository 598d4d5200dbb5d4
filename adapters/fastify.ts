import type { IncomingMessage, ServerResponse } from 'node:http'
import { correlationId } from '../src/context/active.js'
import type { CompletionLogger } from './any-logger.js'
import { type Exchange, serverEdge } from './http/edge.js'
import { nodeEdge } from './http/node.js'
import type { EdgeOptions } from './http/options.js'

export type { CompletionLogger }

/** How `traceFastify` treats requests; the functions get node's own request. */
export type TraceFastifyOptions = EdgeOptions<IncomingMessage>

/** What the plugin uses of a Fastify instance. */
export interface FastifyLike {
  readonly server: object
  // oxlint-disable-next-line typescript/no-explicit-any -- a request of HTTP/1 or 2, as the instance has it
  setGenReqId(genReqId: (req: any) => string): unknown
  // oxlint-disable-next-line typescript/no-explicit-any -- each hook of Fastify's has a type of its own
  addHook(name: any, hook: (...args: any[]) => void): unknown
}

interface FastifyRequest {
  readonly raw: IncomingMessage
  readonly routeOptions: { readonly url?: string | undefined }
}

interface Served {
  exchange: Exchange | undefined
  followed: boolean
  request?: FastifyRequest
}

type Done = () => void
type Listener = (req: IncomingMessage, res: ServerResponse) => void

/**
 * A Fastify plugin that continues the trace of a request, or begins one, and keeps it through hooks, body, handler and
 * response. Its server span is named `METHOD /route`; the errors that Fastify answers with 5xx are recorded on it. The trace
 * ID becomes the request ID, which Fastify's own lines carry as `reqId`; where `requestIdHeader` is set and sent, that one
 * stays. It holds for the instance that it is registered with and for all inside.
 *
 * Fastify's lines carry the trace's fields too where its logger is trace-aware: `loggerInstance: pino()` with `spanlog/pino`,
 * or `tracePino(app.log)`. Where Fastify listens on `localhost`, its line `incoming request` has only the `reqId` for what
 * comes in by the second of its addresses, and so has it in `inject()`.
 *
 * @throws SpanlogError INVALID_OPTION, by which `register` and `ready` reject
 * @example
 * ```ts
 * const app = Fastify({ loggerInstance: pino() }) // from 'spanlog/pino'
 * await app.register(traceFastify)
 * app.get('/orders/:id', async (request) => {
 *   request.log.info('looking it up') // {"reqId":"4bf9…","trace_id":"4bf9…","span_id":"…",…}
 * })
 * ```
 */
export const traceFastify = Object.assign(plugin, {
  // Fastify's own marks: the hooks are for the instance itself, and which Fastify this is for.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'spanlog',
  [Symbol.for('plugin-meta')]: { name: 'spanlog', fastify: '5.x' },
})

// oxlint-disable-next-line typescript/require-await -- a wrong option becomes a rejection, as Fastify wants it of plugins
async function plugin(instance: FastifyLike, options: TraceFastifyOptions = {}): Promise<void> {
  const known = new WeakMap<IncomingMessage, Served>()
  const edge = nodeEdge(serverEdge('traceFastify', options, (req) => known.get(req)?.request?.routeOptions.url))

  const open = (req: IncomingMessage): Served => {
    let served = known.get(req)
    if (served === undefined) known.set(req, (served = { exchange: edge.open(req, req), followed: false }))
    return served
  }
  const begin = (req: IncomingMessage, res: ServerResponse): Served => {
    const served = open(req)
    if (served.exchange !== undefined && !served.followed) edge.follow(served.exchange, req, res)
    served.followed = true
    return served
  }
  const run = ({ exchange }: Served, fn: () => void): void => (exchange === undefined ? fn() : exchange.run(fn))

  // Fastify asks for the ID before it writes `incoming request`, and both before any hook runs.
  const { genReqId } = instance as unknown as { genReqId: (req: IncomingMessage) => string }
  instance.setGenReqId((req: IncomingMessage) => open(req).exchange?.traceId ?? correlationId() ?? genReqId(req))
  const server = instance.server as NodeJS.EventEmitter
  for (const listener of server.listeners('request') as Listener[]) {
    server.removeListener('request', listener)
    server.on('request', (req: IncomingMessage, res: ServerResponse) => run(begin(req, res), () => listener.call(server, req, res)))
  }

  // What does not come by the server's own event (`inject`, a second address, a `serverFactory`) is met here.
  instance.addHook('onRequest', (request: FastifyRequest, reply: { raw: ServerResponse }, done: Done) => {
    const served = begin(request.raw, reply.raw)
    served.request = request
    run(served, done)
  })
  instance.addHook('onError', (request: FastifyRequest, _reply: unknown, error: unknown, done: Done) => {
    known.get(request.raw)?.exchange?.fail(error)
    done()
  })
  instance.addHook('onResponse', (request: FastifyRequest, _reply: unknown, done: Done) => run(open(request.raw), done))
}
