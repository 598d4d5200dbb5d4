// An AWS-Lambda-style handler; run by hand, it serves one event as API Gateway sends it.
import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import { traceHandler } from 'spanlog/lambda'
import pino from 'spanlog/pino' // was: 'pino'
import { startTracing } from 'spanlog/tracing'

const tracing = startTracing({ serviceName: 'orders', exporters: [{ type: 'console' }] })
const log = pino()

export const handler = traceHandler(
  (event) => {
    log.info({ orderId: event.pathParameters.id }, 'order found')
    return { statusCode: 200, body: JSON.stringify({ id: event.pathParameters.id }) }
  },
  { forceFlush: () => tracing.forceFlush() },
)

if (import.meta.url === pathToFileURL(argv[1]).href) {
  const event = {
    version: '2.0',
    routeKey: 'GET /orders/{id}',
    rawPath: '/orders/7',
    headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    pathParameters: { id: '7' },
    requestContext: { http: { method: 'GET' } },
  }
  log.info({ answer: await handler(event, { functionName: 'orders', awsRequestId: '1' }) }, 'answered')
}
