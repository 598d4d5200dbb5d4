import { execFile, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { eventually, send } from '../support/http.js'

const root = path.resolve(import.meta.dirname, '../..')
const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

type Line = Record<string, unknown>

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function run(example: string): Promise<Line[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'examples', example, 'main.mjs')])
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}

describe('the example', () => {
  it.each([
    ['express', ['order found', 'request completed']],
    ['http', ['order found', 'request completed']],
    ['fastify', ['incoming request', 'order found', 'request completed']],
    ['koa', ['order found', 'request completed']],
    ['hono', ['order found', 'request completed']],
    ['nestjs', ['order found', 'request completed']],
  ])('%s serves an order, and each line of the request has its trace', async (example, messages) => {
    const port = await freePort()
    const program = spawn(process.execPath, [path.join(root, 'examples', example, 'main.mjs')], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: Line[] = []
    createInterface(program.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line))
    try {
      await eventually(() => lines.some(({ msg }) => /listening|successfully started/i.test(String(msg))))
      const res = await eventuallySend(port)
      expect([JSON.parse(res.text), res.headers['x-trace-id']]).toEqual([{ id: '7' }, traceId])
      await eventually(() => lines.some(({ msg }) => msg === 'request completed'))
      const own = lines.filter((line) => line['trace_id'] === traceId)
      expect(own.map(({ msg }) => msg)).toEqual(messages)
      expect(own.find(({ msg }) => msg === 'order found')).toMatchObject({ orderId: '7', span_id: own[0]?.['span_id'] })
    } finally {
      program.kill()
    }
  })

  it('lambda serves an event in its trace', async () => {
    const lines = await run('lambda')
    expect(lines).toEqual([
      expect.objectContaining({ msg: 'order found', orderId: '7', trace_id: traceId }),
      expect.objectContaining({ msg: 'answered', answer: { statusCode: 200, body: '{"id":"7"}', headers: { 'x-trace-id': traceId } } }),
    ])
  })

  it('jobs keeps the trace of each order through both queues', async () => {
    const lines = await run('jobs')
    expect(lines.map(({ orderId, msg }) => [orderId, msg])).toEqual(
      ['7', '8'].flatMap((id) => ['order placed', 'charged', 'mail sent'].map((msg) => [id, msg])),
    )
    expect(new Set(lines.map((line) => `${String(line['orderId'])} ${String(line['trace_id'])}`)).size).toBe(2)
    expect(new Set(lines.map((line) => line['trace_id'])).size).toBe(2)
    expect(new Set(lines.map((line) => line['span_id'])).size).toBe(6)
  })
})

/** Nest says that it is ready just before it listens. */
async function eventuallySend(port: number) {
  for (let i = 0; ; i++) {
    try {
      return await send(port, { path: '/orders/7', headers: { traceparent } })
    } catch (error) {
      if (i === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
