import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { json, text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'

interface Order {
  card: { slow: boolean; declined: boolean }
}
const orders: Order[] = []
const traceId = (number: number) => number.toString(16).padStart(32, '0')
async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const order = (await json(req)) as Order
  orders.push(order)
  res.writeHead(order.card.declined ? 502 : 201, { 'x-trace-id': traceId(orders.length) }).end('{}')
}
const shop = createServer((req, res) => void serve(req, res))
beforeAll(async () => {
  shop.listen(0, '127.0.0.1')
  await once(shop, 'listening')
})
afterAll(() => shop.close())

it('customers.mjs orders as often as asked, and says which order was slow and which was refused', async () => {
  const program = path.resolve(import.meta.dirname, '../../../examples/stack/customers.mjs')
  const env = { ...process.env, SHOP_URL: `http://127.0.0.1:${(shop.address() as AddressInfo).port}` }
  const customers = spawn(process.execPath, [program, '10'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(customers.stdout), once(customers, 'exit')])
  expect(code).toBe(0)
  expect(orders.map(({ card }) => (card.declined ? 'refused' : card.slow ? 'slow' : 'paid'))).toEqual(
    'paid paid paid paid refused paid paid paid paid slow'.split(' '),
  )
  expect(output).toContain(`order 5 was refused: 502, trace ${traceId(5)}`)
  expect(output).toContain(`spanlog trace ${traceId(10)} --loki http://localhost:3100 --tempo http://localhost:3200`)
  expect(output).toContain('http://localhost:3000/d/spanlog-service?var-service=payments')
})
