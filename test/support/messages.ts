/**
 * Headers as the NATS client has them, of which only it can make some: several values to a name, names as they are, and text on the wire.
 * Written by hand after the interface `MsgHdrs` of @nats-io/nats-core.
 */
export class NatsHeaders {
  private readonly values = new Map<string, string[]>()

  keys(): string[] {
    return [...this.values.keys()]
  }

  [Symbol.iterator](): IterableIterator<[string, string[]]> {
    return this.values.entries()
  }

  set(name: string, value: string): void {
    this.values.set(name, [value])
  }

  append(name: string, value: string): void {
    this.values.set(name, [...(this.values.get(name) ?? []), value])
  }

  delete(name: string): void {
    this.values.delete(name)
  }

  encode(): string {
    return `NATS/1.0\r\n${[...this].flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`)).join('')}\r\n`
  }

  static decode(text: string): NatsHeaders {
    const headers = new NatsHeaders()
    for (const line of text.split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    return headers
  }
}

type Fields = Record<string, unknown>

/** What one messaging system publishes, and what comes of it at the consumer. */
export interface System {
  /** What is given to the wrapped function, with a header of the user's. */
  outgoing(): object
  /** What the handler is called with; headers in the form that the client library reads them from the wire in. */
  deliver(published: object): unknown[]
  /** The user's header, as the consumer sees it. */
  own(args: unknown[]): unknown
  send: string
  process: string
  publishes: Fields
  consumes: Fields
}

const json = (value: object): Fields => JSON.parse(JSON.stringify(value)) as Fields
const buffers = (headers: unknown): Fields =>
  Object.fromEntries(Object.entries(headers as object).map(([name, value]) => [name, Buffer.from(String(value))]))

/** Written by hand after each client's documentation and types; the brokers' own tests are elsewhere. */
export const systems: Record<string, System> = {
  kafka: {
    outgoing: () => ({ key: '7', value: 'x', headers: { own: 'kept' } }),
    deliver: (message) => {
      const { key, value, headers } = message as Fields
      return [
        {
          topic: 'orders',
          partition: 3,
          message: { key: Buffer.from(String(key)), value: Buffer.from(String(value)), offset: '42', headers: buffers(headers) },
        },
      ]
    },
    own: ([payload]) => String((payload as { message: { headers: Fields } }).message.headers['own']),
    send: 'send orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'send' },
    consumes: { 'messaging.destination.partition.id': '3', 'messaging.kafka.offset': 42, 'messaging.kafka.message.key': '7' },
  },
  rabbitmq: {
    outgoing: () => ({ persistent: true, messageId: 'm1', correlationId: 'c1', headers: { own: 'kept' } }),
    deliver: (options) => {
      const { headers, messageId, correlationId } = json(options)
      const fields = { exchange: 'shop', routingKey: 'orders.created', deliveryTag: 1, redelivered: false, consumerTag: 'x' }
      return [{ fields, properties: { headers, messageId, correlationId }, content: Buffer.from('x') }]
    },
    own: ([message]) => (message as { properties: { headers: Fields } }).properties.headers['own'],
    send: 'publish orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'publish' },
    consumes: {
      'messaging.message.id': 'm1',
      'messaging.message.conversation_id': 'c1',
      'messaging.rabbitmq.destination.routing_key': 'orders.created',
    },
  },
  'aws.sqs': {
    outgoing: () => ({
      QueueUrl: 'http://sqs/1/orders',
      MessageBody: 'x',
      MessageAttributes: { own: { DataType: 'String', StringValue: 'kept' } },
    }),
    deliver: (input) => [{ MessageId: 'm1', Body: 'x', MessageAttributes: json(input)['MessageAttributes'] }],
    own: ([message]) => (message as { MessageAttributes: { own: { StringValue: string } } }).MessageAttributes.own.StringValue,
    send: 'send orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'send' },
    consumes: { 'messaging.message.id': 'm1' },
  },
  mqtt: {
    outgoing: () => ({ qos: 1, properties: { messageExpiryInterval: 60, userProperties: { own: ['kept', 'twice'] } } }),
    deliver: (options) => ['orders/7', Buffer.from('x'), { cmd: 'publish', topic: 'orders/7', properties: json(options)['properties'] }],
    own: (args) => (args[2] as { properties: { userProperties: { own: string[] } } }).properties.userProperties.own[0],
    send: 'publish orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'publish' },
    consumes: { 'messaging.destination.name': 'orders/7', 'messaging.destination.template': 'orders' },
  },
  nats: {
    outgoing: () => {
      const headers = new NatsHeaders()
      headers.append('own', 'kept')
      return { headers }
    },
    deliver: (options) => [
      null,
      { subject: 'orders.7', data: Buffer.from('x'), headers: NatsHeaders.decode((options as { headers: NatsHeaders }).headers.encode()) },
    ],
    own: ([, message]) => Object.fromEntries((message as { headers: NatsHeaders }).headers)['own']?.[0],
    send: 'publish orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'publish' },
    consumes: { 'messaging.destination.name': 'orders.7', 'messaging.destination.template': 'orders' },
  },
  bullmq: {
    outgoing: () => ({ attempts: 3, jobId: 'kept' }),
    deliver: (opts) => [
      { id: 'm1', name: 'charge', queueName: 'orders', data: { orderId: '7' }, opts: json(opts), attemptsMade: 0 },
      'token',
    ],
    own: ([job]) => (job as { opts: Fields }).opts['jobId'],
    send: 'add orders',
    process: 'process orders',
    publishes: { 'messaging.operation.name': 'add' },
    consumes: { 'messaging.message.id': 'm1' },
  },
}
