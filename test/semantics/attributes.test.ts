import type { Attributes } from '@opentelemetry/api'
import {
  databaseAttributes,
  errorAttributes,
  httpClientAttributes,
  httpServerAttributes,
  messagingAttributes,
  orderAttributes,
  rpcAttributes,
  tenantAttributes,
  userAttributes,
} from 'spanlog/tracing'
import { describe, expect, it } from 'vitest'

describe('attributes by the semantic conventions', () => {
  it.each<[string, Attributes, Attributes]>([
    [
      'of an HTTP client, without secrets',
      httpClientAttributes({ method: 'get', url: 'https://ada:pw@shop.example/o?id=1&token=abc', status: 404, resends: 1 }),
      {
        'http.request.method': 'GET',
        'http.request.method_original': 'get',
        'url.full': 'https://REDACTED@shop.example/o?id=1&token=REDACTED',
        'server.address': 'shop.example',
        'server.port': 443,
        'http.response.status_code': 404,
        'error.type': '404',
        'http.request.resend_count': 1,
      },
    ],
    [
      'of an HTTP client that reaches an address of IPv6',
      httpClientAttributes({ method: 'GET', url: new URL('http://[::1]:8080/') }),
      { 'http.request.method': 'GET', 'url.full': 'http://[::1]:8080/', 'server.address': '::1', 'server.port': 8080 },
    ],
    [
      'of an HTTP server, for which a 404 is no failure',
      httpServerAttributes({
        method: 'BREW',
        url: '/orders/7?a=1&code=x#top',
        scheme: 'https',
        route: '/orders/:id',
        status: 404,
        userAgent: 'curl',
        clientAddress: '10.0.0.1',
      }),
      {
        'http.request.method': '_OTHER',
        'http.request.method_original': 'BREW',
        'url.path': '/orders/7',
        'url.query': 'a=1&code=REDACTED',
        'url.scheme': 'https',
        'http.route': '/orders/:id',
        'http.response.status_code': 404,
        'user_agent.original': 'curl',
        'client.address': '10.0.0.1',
      },
    ],
    [
      'of an HTTP server that failed',
      httpServerAttributes({ method: 'GET', url: '', status: 503 }),
      { 'http.request.method': 'GET', 'url.path': '/', 'http.response.status_code': 503, 'error.type': '503' },
    ],
    [
      'of a database, without literals',
      databaseAttributes({
        system: 'postgresql',
        namespace: 'shop',
        operation: 'SELECT',
        collection: 'orders',
        query: "SELECT * FROM orders WHERE id = 7 AND name = 'Ada'",
        rows: 1,
        host: 'db',
        port: 5432,
      }),
      {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'orders',
        'db.query.text': 'SELECT * FROM orders WHERE id = ? AND name = ?',
        'db.response.returned_rows': 1,
        'server.address': 'db',
        'server.port': 5432,
      },
    ],
    [
      'of a database that failed',
      databaseAttributes({ system: 'postgresql', status: '23505' }),
      { 'db.system.name': 'postgresql', 'db.response.status_code': '23505', 'error.type': '23505' },
    ],
    [
      'of a database that is asked in another language, as it is',
      databaseAttributes({ system: 'redis', operation: 'GET', query: 'GET order:7' }),
      { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'db.query.text': 'GET order:7' },
    ],
    [
      'of a remote call',
      rpcAttributes({ system: 'grpc', method: 'shop.Orders/Get', status: 'NOT_FOUND', failed: true, host: 'orders', port: 50051 }),
      {
        'rpc.system.name': 'grpc',
        'rpc.method': 'shop.Orders/Get',
        'rpc.status_code': 'NOT_FOUND',
        'error.type': 'NOT_FOUND',
        'server.address': 'orders',
        'server.port': 50051,
      },
    ],
    [
      'of messages',
      messagingAttributes({
        system: 'kafka',
        destination: 'orders',
        operation: 'poll',
        type: 'receive',
        consumerGroup: 'billing',
        batchSize: 3,
      }),
      {
        'messaging.system.name': 'kafka',
        'messaging.destination.name': 'orders',
        'messaging.operation.name': 'poll',
        'messaging.operation.type': 'receive',
        'messaging.consumer.group.name': 'billing',
        'messaging.batch.message_count': 3,
      },
    ],
    ['of an error with a code', errorAttributes(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), { 'error.type': 'ECONNREFUSED' }],
    ['of an error by its class', errorAttributes(new TypeError('x')), { 'error.type': 'TypeError' }],
    ['of what is no error', errorAttributes('a text'), { 'error.type': '_OTHER' }],
    ['of an error whose name is a sentence', errorAttributes({ name: 'order 7 of ada@example.com' }), { 'error.type': '_OTHER' }],
    ['of a user', userAttributes({ id: 'u1', roles: ['admin'] }), { 'user.id': 'u1', 'user.roles': ['admin'] }],
    ['of a tenant', tenantAttributes({ id: 'acme', plan: 'pro' }), { 'tenant.id': 'acme', 'tenant.plan': 'pro' }],
    [
      'of an order',
      orderAttributes({ id: 'A-17', total: 12.5, currency: 'EUR', items: 2 }),
      { 'order.id': 'A-17', 'order.total': 12.5, 'order.currency': 'EUR', 'order.items': 2 },
    ],
  ])('%s', (_, given, expected) => {
    expect(given).toEqual(expected)
  })
})

describe('the names', () => {
  it("are those of OpenTelemetry's package, none of them deprecated", async () => {
    const { readFileSync } = await import('node:fs')
    const { createRequire } = await import('node:module')
    const stable = createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions/incubating')
    const text =
      readFileSync(stable.replace(/[^/]*$/, 'experimental_attributes.d.cts'), 'utf8') +
      readFileSync(stable.replace(/[^/]*$/, 'stable_attributes.d.cts'), 'utf8')
    const known = new Map(
      [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export )?declare const ATTR_\w+: "([^"]+)"/g)].map(
        ([, doc = '', name = '']) => [name, !doc.includes('@deprecated')],
      ),
    )
    const ours = [
      httpClientAttributes({ method: 'X', url: 'http://x', status: 500, resends: 1 }),
      httpServerAttributes({ method: 'GET', url: '/?a', scheme: 'http', route: '/', status: 500, userAgent: 'x', clientAddress: 'x' }),
      databaseAttributes({
        system: 'x',
        namespace: 'x',
        operation: 'x',
        collection: 'x',
        query: 'x',
        status: 1,
        rows: 1,
        host: 'x',
        port: 1,
      }),
      rpcAttributes({ system: 'x', method: 'x', status: 'x', failed: true }),
      messagingAttributes({
        system: 'x',
        destination: 'x',
        operation: 'x',
        type: 'send',
        messageId: 'x',
        conversationId: 'x',
        consumerGroup: 'x',
        batchSize: 1,
        bodyBytes: 1,
      }),
      userAttributes({ id: 'x', name: 'x', email: 'x', roles: [] }),
    ].flatMap((attributes) => Object.keys(attributes))
    expect(ours.filter((name) => known.get(name) !== true)).toEqual([])
  })
})
