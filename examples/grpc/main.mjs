// gRPC: an interceptor on each side, and handler and caller are in one trace, streams and their events included.
import path from 'node:path'
import { credentials, loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { withSpan } from 'spanlog'
import { clientInterceptor, serverInterceptor } from 'spanlog/grpc'
import pino from 'spanlog/pino' // was: 'pino'

const log = pino()
const { Orders } = loadPackageDefinition(loadSync(path.join(import.meta.dirname, 'orders.proto'))).shop

const server = new Server({ interceptors: [serverInterceptor({ ignore: (method) => method.startsWith('grpc.health.') })] })
server.addService(Orders.service, {
  get(call, callback) {
    log.info({ orderId: call.request.id }, 'order found')
    callback(null, call.request)
  },
  place(call, callback) {
    call.on('data', ({ id }) => log.info({ orderId: id }, 'order placed'))
    call.on('end', () => callback(null, {}))
  },
  list: (call) => call.emit('error', { code: status.PERMISSION_DENIED, details: 'not yours' }),
})
const port = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
)
const orders = new Orders(`127.0.0.1:${port}`, credentials.createInsecure(), { interceptors: [clientInterceptor()] })

await withSpan('shop', async () => {
  const found = await new Promise((resolve, reject) => orders.get({ id: '7' }, (error, order) => (error ? reject(error) : resolve(order))))
  log.info({ orderId: found.id }, 'order shown')

  await new Promise((resolve, reject) => {
    const call = orders.place((error) => (error ? reject(error) : resolve()))
    call.write({ id: '8' })
    call.end({ id: '9' })
  })

  await new Promise((resolve) => {
    orders
      .list({})
      .on('data', () => {})
      .on('error', (error) => {
        log.warn({ details: error.details }, 'no list')
        resolve()
      })
  })
})
orders.close()
server.forceShutdown()
