import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { TelemetryRecorder } from 'spanlog/testing'

export interface Order {
  id: string
}

type Definition = typeof grpc.Client & { service: grpc.ServiceDefinition }

/** What `shop.Orders` of the example has; proto-loader makes its methods at run time. */
export interface OrdersClient extends grpc.Client {
  get(order: Order, callback: grpc.requestCallback<Order>): grpc.ClientUnaryCall
  get(order: Order, metadata: grpc.Metadata, callback: grpc.requestCallback<Order>): grpc.ClientUnaryCall
  get(order: Order, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<Order>): grpc.ClientUnaryCall
  place(callback: grpc.requestCallback<Order>): grpc.ClientWritableStream<Order>
  list(order: Order): grpc.ClientReadableStream<Order>
  talk(): grpc.ClientDuplexStream<Order, Order>
}

const proto = path.resolve(import.meta.dirname, '../../examples/grpc/orders.proto')

export function ordersDefinition(grpcJs: typeof grpc = grpc): Definition {
  const shop = grpcJs.loadPackageDefinition(loadSync(proto))['shop'] as unknown as { Orders: Definition }
  return shop.Orders
}

/**
 * The handlers: each tells `seen` where it is, in itself, after an await and in the events of its stream.
 * An order of the ID `throws`, `<STATUS>` or `slow` is answered accordingly.
 */
export function ordersHandlers(seen: (where: string) => void): grpc.UntypedServiceImplementation {
  const answerOf = ({ id }: Order): Partial<grpc.StatusObject> | undefined =>
    // By name only: TypeScript's enums have their numbers as names too.
    /^[A-Z_]+$/.test(id) ? { code: grpc.status[id as keyof typeof grpc.status], details: `this is ${id}` } : undefined
  return {
    async get(call: grpc.ServerUnaryCall<Order, Order>, callback: grpc.sendUnaryData<Order>) {
      seen('handler')
      if (call.request.id === 'slow') call.on('cancelled', () => seen('cancelled'))
      if (call.request.id === 'slow') return
      await wait(1)
      seen('after await')
      const status = answerOf(call.request)
      if (status === undefined) callback(null, call.request)
      else callback(status)
    },
    place(call: grpc.ServerReadableStream<Order, Order>, callback: grpc.sendUnaryData<Order>) {
      seen('handler')
      let last = ''
      call.on('data', ({ id }: Order) => {
        seen(`data ${id}`)
        last = id
      })
      call.on('end', () => {
        seen('end')
        callback(null, { id: last })
      })
    },
    async list(call: grpc.ServerWritableStream<Order, Order>) {
      seen('handler')
      const status = answerOf(call.request)
      call.write({ id: '1' })
      await wait(1)
      seen('after await')
      call.write({ id: '2' })
      if (status === undefined) call.end()
      else call.emit('error', status)
    },
    talk(call: grpc.ServerDuplexStream<Order, Order>) {
      seen('handler')
      call.on('data', ({ id }: Order) => {
        seen(`data ${id}`)
        call.write({ id: `re ${id}` })
      })
      call.on('end', () => {
        seen('end')
        call.end()
      })
    },
  }
}

/** A server on loopback; `stop` ends it at once. */
export async function serve(
  server: grpc.Server,
  service: grpc.ServiceDefinition,
  handlers: grpc.UntypedServiceImplementation,
): Promise<number> {
  server.addService(service, handlers)
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  )
}

export function connectTo(port: number, interceptors: grpc.Interceptor[] = []): OrdersClient {
  return new (ordersDefinition())(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), { interceptors }) as OrdersClient
}

/** Each kind of call, to its end; tells `seen` where the caller's own code is called. */
export const calls: Record<string, (client: OrdersClient, seen: (where: string) => void, id?: string) => Promise<string[]>> = {
  'a unary call': (client, seen, id = '7') =>
    new Promise((resolve, reject) => {
      client.get({ id }, (error, order) => {
        seen('callback')
        if (error) reject(error)
        else resolve([order?.id ?? ''])
      })
    }),
  'a client stream': (client, seen) =>
    new Promise((resolve, reject) => {
      const call = client.place((error, order) => {
        seen('callback')
        if (error) reject(error)
        else resolve([order?.id ?? ''])
      })
      call.write({ id: '1' })
      call.end({ id: '2' })
    }),
  'a server stream': (client, seen, id = '7') => collect(client.list({ id }), seen),
  'a stream of both': async (client, seen) => {
    const call = client.talk()
    call.write({ id: '1' })
    call.end({ id: '2' })
    return collect(call, seen)
  },
}

async function collect(call: grpc.ClientReadableStream<Order>, seen: (where: string) => void): Promise<string[]> {
  const ids: string[] = []
  call.on('data', ({ id }: Order) => {
    seen(`data ${id}`)
    ids.push(id)
  })
  call.on('status', () => seen('status'))
  await once(call, 'end')
  return ids
}

/** The spans of a call's two sides, once both are there. */
export function sides(telemetry: TelemetryRecorder) {
  const client = telemetry.spans().find(({ kind }) => kind === 'client')
  const server = telemetry.spans().find(({ kind }) => kind === 'server')
  return client && server && { client, server }
}
