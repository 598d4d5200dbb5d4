import { EventEmitter, once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { injectTrace, runWithTrace } from 'spanlog'
import { traceHttp } from 'spanlog/http'
import { Pool } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import type { Place, Row } from './row.js'

/** A server that was there before the request, as servers are. */
async function serve({ outside, after }: Place, listener: RequestListener): Promise<string> {
  const serving = outside(() => createServer(listener).listen(0, '127.0.0.1'))
  after(() => serving.closeAllConnections())
  after(() => serving.close())
  return `http://127.0.0.1:${await portOf(serving)}`
}

async function portOf(listening: Server): Promise<number> {
  if (!listening.listening) await once(listening, 'listening')
  return (listening.address() as AddressInfo).port
}

/** Posts a body in two parts, the second once the server has the first, in the trace that is active, and reads the answer. */
async function post(url: string, agent?: Agent, handled: Promise<unknown> = Promise.resolve()): Promise<void> {
  const req = request(url, { method: 'POST', headers: injectTrace(), ...(agent && { agent }) })
  req.write('a')
  await handled
  req.end('b')
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  await res.toArray()
}

type Exchange = { req: IncomingMessage; res: ServerResponse; answer: () => void }

/** A row of a server whose handler runs in the trace that its request names. */
function server(where: string, how: string | undefined, handle: (exchange: Exchange, place: Place) => void): Row {
  return {
    where,
    ...(how && { how }),
    async run(place) {
      const over = new EventEmitter()
      const url = await serve(place, (req, res) => {
        res.on('close', () => over.emit('close'))
        runWithTrace(req.headers, () => handle({ req, res, answer: () => res.end('ok') }, place))
        setImmediate(() => over.emit('handled'))
      })
      const closed = once(over, 'close')
      await post(url, undefined, once(over, 'handled'))
      await closed
    },
  }
}

/** A row of a client that keeps its connections, over which another request has come before. */
function reused(where: string, how: string | undefined, ask: (url: string, agent: Agent, place: Place) => Promise<unknown>): Row {
  return {
    where,
    ...(how && { how }),
    async run(place) {
      const url = await serve(place, (req, res) => req.resume().on('end', () => res.end('ok')))
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      place.after(() => agent.destroy())
      await place.elsewhere(() => post(url, agent))
      await ask(url, agent, place)
    },
  }
}

const readAndAnswer = ({ req, answer }: Exchange) => void req.resume().on('end', answer)

export const http: Row[] = [
  server('the handler, and what it awaits', undefined, ({ answer }, { see }) => {
    see()
    void wait(1).then(see).then(answer)
  }),
  server('`for await` of the request', undefined, ({ req, answer }, { see }) => {
    void (async () => {
      for await (const _ of req) see()
      see()
      answer()
    })()
  }),
  server(
    '`data` of the request, of what comes after the handler has returned',
    '`bindTrace(req)`; `traceHttp` does it',
    ({ req, answer }, { see, bind }) => {
      bind(req)
        .on('data', (chunk: Buffer) => String(chunk) === 'b' && see())
        .on('end', answer)
    },
  ),
  server('`end` of the request', '`bindTrace(req)`; `traceHttp` does it', ({ req, answer }, { see, bind }) => {
    bind(req).resume()
    req.on('end', () => see()).on('end', answer)
  }),
  server('`close` of the request', '`bindTrace(req)`; `traceHttp` does it', (exchange, { see, bind }) => {
    bind(exchange.req).on('close', () => see())
    readAndAnswer(exchange)
  }),
  server('`finish` of the response', '`bindTrace(res)`; `traceHttp` does it', (exchange, { see, bind }) => {
    bind(exchange.res).on('finish', () => see())
    readAndAnswer(exchange)
  }),
  server('`close` of the response', '`bindTrace(res)`; `traceHttp` does it', (exchange, { see, bind }) => {
    bind(exchange.res).on('close', () => see())
    readAndAnswer(exchange)
  }),
  server("`close` of the request's socket", '`socket.once(name, bindTrace(listener))`', ({ req, res, answer }, { see, bind }) => {
    req.socket.once(
      'close',
      bind(() => see()),
    )
    res.setHeader('connection', 'close')
    req.resume().on('end', answer)
  }),
  {
    where: 'all of these events behind `traceHttp`, on a keep-alive connection that another request used before',
    async run(place) {
      const trace = traceHttp()
      let first = true
      const url = await serve(place, (req, res) =>
        trace(req, res, () => {
          if (!first) {
            for (const name of ['data', 'end', 'close']) req.on(name, () => place.see())
            for (const name of ['finish', 'close']) res.on(name, () => place.see())
          }
          first = false
          req.resume().on('end', () => res.end('ok'))
        }),
      )
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      place.after(() => agent.destroy())
      await place.elsewhere(() => post(url, agent))
      await post(url, agent)
      await wait(10)
    },
  },
  reused('`response` of a client on a reused connection, and `data` and `end` of the answer', undefined, async (url, agent, { see }) => {
    await new Promise<void>((resolve) => {
      const req = request(url, { agent }).on('response', (res) => {
        see()
        res.on('data', see).on('end', () => resolve(see()))
      })
      req.end()
    })
  }),
  reused('`response` of a client that waited for the connection of another request', undefined, async (url, agent, { see, elsewhere }) => {
    const first = elsewhere(() => post(url, agent))
    const req = request(url, { agent }).on('response', (res) => {
      see()
      res.resume()
    })
    req.end()
    await once(req, 'response')
    await first
  }),
  reused("`free` of the agent's socket, which a client's `socket` event gave", undefined, async (url, agent, { see }) => {
    const req = request(url, { agent })
    req.on('socket', (socket: Socket) => {
      socket.once('free', () => see())
    })
    req.end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    await res.toArray()
    await wait(5)
  }),
  {
    where: '`fetch`, and its body, on connections that other requests used',
    async run(place) {
      const url = await serve(place, (_, res) => res.end('ok'))
      await place.elsewhere(async () => (await fetch(url)).text())
      const res = await fetch(url)
      place.see()
      for await (const _ of res.body ?? []) place.see()
      place.see()
    },
  },
  {
    where: "undici's `Pool`: after `await`, and `data` of the body",
    async run(place) {
      const url = await serve(place, (_, res) => res.end('ok'))
      const pool = place.outside(() => new Pool(url, { connections: 1 }))
      place.after(() => pool.close())
      await place.elsewhere(async () => (await pool.request({ path: '/', method: 'GET' })).body.text())
      const { body } = await pool.request({ path: '/', method: 'GET' })
      place.see()
      body.on('data', () => place.see())
      await once(body, 'end')
    },
  },
  {
    where: 'HTTP/2: the handler, and after `await` of the stream',
    async run({ see, outside, after }) {
      const h2 = outside(() => http2.createServer().listen(0, '127.0.0.1'))
      after(() => h2.close())
      outside(() =>
        h2.on('stream', (stream, headers) =>
          runWithTrace(headers, () => {
            void (async () => {
              for await (const _ of stream) see()
              see()
              stream.end('ok')
            })()
          }),
        ),
      )
      await once(h2, 'listening')
      const client = outside(() => http2.connect(`http://127.0.0.1:${(h2.address() as AddressInfo).port}`))
      after(() => client.close())
      const stream = client.request({ ':method': 'POST', ...injectTrace() })
      stream.end('a')
      await stream.toArray()
      see()
    },
  },
  {
    where: 'HTTP/2: `data` and `end` of a request',
    how: '`bindTrace(stream)`',
    async run({ see, bind, outside, after }) {
      const h2 = outside(() => http2.createServer().listen(0, '127.0.0.1'))
      after(() => h2.close())
      outside(() =>
        h2.on('stream', (stream, headers) =>
          runWithTrace(headers, () => {
            bind(stream as EventEmitter)
              .on('data', () => see())
              .on('end', () => (see(), stream.end('ok')))
          }),
        ),
      )
      await once(h2, 'listening')
      const client = outside(() => http2.connect(`http://127.0.0.1:${(h2.address() as AddressInfo).port}`))
      after(() => client.close())
      const stream = client.request({ ':method': 'POST', ...injectTrace() })
      stream.end('a')
      await stream.toArray()
    },
  },
  {
    where: 'a TCP socket opened in the trace: `connect`, `data`, `close`',
    async run({ see, outside, after }) {
      const tcp = outside(() => createTcpServer((socket) => socket.end('ok')).listen(0, '127.0.0.1'))
      after(() => tcp.close())
      const socket = connect(await portOf(tcp), '127.0.0.1', see)
        .on('data', see)
        .on('close', see)
      await once(socket, 'close')
    },
  },
  {
    where: '`message` of a WebSocket, in the trace that its upgrade named',
    how: '`bindTrace(socket)`',
    async run({ see, bind, outside, after }) {
      const sockets = outside(() => new WebSocketServer({ port: 0, host: '127.0.0.1' }))
      after(() => sockets.close())
      await once(sockets, 'listening')
      outside(() =>
        sockets.on('connection', (socket, req) =>
          runWithTrace(req.headers, () => {
            bind(socket as EventEmitter).on('message', () => (see(), socket.close()))
          }),
        ),
      )
      const client = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`, { headers: injectTrace() })
      client.on('open', () => client.send('a'))
      await once(client, 'close')
    },
  },
]
