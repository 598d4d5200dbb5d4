import { execFile, spawnSync } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { currentTrace, runWithTrace } from 'spanlog'
import { traceConsume, tracePublish } from 'spanlog/messaging'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NatsHeaders } from '../support/messages.js'
import { NatsClient, type NatsMessage } from '../support/nats-client.js'
import { freePort } from '../support/port.js'
import { mosquitto, nats, type RunningProgram, rabbitmq, redis, startProgram } from '../support/program.js'

const root = path.resolve(import.meta.dirname, '../..')
let broker: RunningProgram
const withBroker = (program: Parameters<typeof startProgram>[0]): void => {
  beforeAll(async () => {
    broker = await startProgram(program)
  })
  afterAll(() => broker.stop())
}

async function run(example: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'examples', example)], {
    env: { ...process.env, ...env },
  })
  return stdout
}

interface Line {
  msg: string
  trace_id: string
  span_id: string
  [field: string]: unknown
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
const countOf = (lines: Line[], field: 'trace_id' | 'span_id'): number => new Set(lines.map((line) => line[field])).size

describe('a real mosquitto', () => {
  withBroker(mosquitto)

  it('takes the trace of each message along in the user properties of MQTT 5', async () => {
    const lines = linesOf(await run('mqtt/main.mjs', { MQTT_URL: `mqtt://127.0.0.1:${broker.port}` }))
    const of = (device: string) => lines.filter((line) => line['device'] === device || line['topic'] === `devices/${device}/state`)
    for (const device of ['7', '8']) {
      expect(of(device).map(({ msg }) => msg)).toEqual(['measured', 'state heard'])
      expect([countOf(of(device), 'trace_id'), countOf(of(device), 'span_id')]).toEqual([1, 2])
    }
    expect(countOf(lines, 'trace_id')).toBe(2)
  })
})

// It brings all of Erlang along: too much to install for one row.
const hasRabbit = spawnSync('which', ['rabbitmq-server']).status === 0

describe.skipIf(!hasRabbit)('a real RabbitMQ', () => {
  withBroker(rabbitmq)

  it('delivers a message again, and its second attempt is another span of the same trace', async () => {
    const lines = linesOf(await run('amqp/main.mjs', { AMQP_URL: `amqp://127.0.0.1:${broker.port}` }))
    for (const orderId of ['7', '8']) {
      const own = lines.filter((line) => line['orderId'] === orderId)
      expect(own.map(({ msg, again }) => [msg, again])).toEqual([
        ['order placed', undefined],
        ['charging', false],
        ['charging', true],
        ['charged', undefined],
      ])
      expect([countOf(own, 'trace_id'), countOf(own, 'span_id')]).toEqual([1, 3])
    }
    expect(countOf(lines, 'trace_id')).toBe(2)
  })
})

describe('a real NATS server', () => {
  withBroker(nats)

  it('takes the trace along in the headers of a message', async () => {
    let tell: (heard: [unknown, NatsMessage]) => void = () => {}
    const heard = new Promise<[unknown, NatsMessage]>((resolve) => {
      tell = resolve
    })
    const handle = traceConsume({ system: 'nats', destination: 'orders.*' }, (came: NatsMessage) => tell([currentTrace(), came]))
    const client = await NatsClient.connect(broker.port, 'orders.*', handle)
    const publish = tracePublish({ system: 'nats', destination: 'orders.*' }, (options: { headers: NatsHeaders }) =>
      client.publish('orders.7', 'x', options),
    )
    const headers = new NatsHeaders()
    headers.append('Shop', '42')
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    runWithTrace({ traceparent: `00-${traceId}-b7ad6b7169203331-03`, tracestate: 'a=1,b=2' }, () => publish({ headers }))
    const [trace, message] = await heard
    expect(trace).toMatchObject({ traceId, traceFlags: 3 })
    expect((trace as { traceState: { serialize(): string } }).traceState.serialize()).toBe('a=1,b=2')
    expect([message.subject, message.data.toString(), Object.fromEntries(message.headers)['Shop']]).toEqual(['orders.7', 'x', ['42']])
    client.end()
  })
})

describe('a real Redis, with BullMQ', () => {
  withBroker(redis)

  it("keeps each job in its request's trace, also when it is tried again and where its failure is told", async () => {
    const lines = linesOf(await run('jobs/bullmq.mjs', { REDIS_PORT: String(broker.port) }))
    const of = (orderId: string) => lines.filter((line) => line['orderId'] === orderId)
    expect(of('7').map(({ msg }) => msg)).toEqual(['order placed', 'charging', 'charged'])
    expect(of('8').map(({ msg }) => msg)).toEqual(['order placed', 'charging', 'to be retried', 'charging', 'charged'])
    expect([countOf(of('7'), 'trace_id'), countOf(of('8'), 'trace_id'), countOf(lines, 'trace_id')]).toEqual([1, 1, 2])
    // The request, two attempts and the listener: each its own span.
    expect(countOf(of('8'), 'span_id')).toBe(4)
  })

  it('shows HTTP, queue and worker as one trace with its lines, the failed attempt included', async () => {
    const shown = await run('queue/run.mjs', { REDIS_PORT: String(broker.port), PORT: String(await freePort()) })
    expect(shown).toMatch(/^POST \/orders\/7 202 {2}x-trace-id: [0-9a-f]{32}$/m)
    expect(shown).toMatch(/4 spans {2}2 services {2}1 error {2}5 lines/)
    const order = [
      'gateway POST',
      'order received',
      'add charges',
      '✗ worker process charges',
      'card reader busy',
      'attempt=0',
      'worker process charges',
      'attempt=1',
      'charged',
    ]
    let from = shown.indexOf('gateway POST')
    for (const part of order) {
      from = shown.indexOf(part, from)
      expect([part, from >= 0]).toEqual([part, true])
      from++
    }
  })
})
