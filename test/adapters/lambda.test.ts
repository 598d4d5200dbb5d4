import { trace } from '@opentelemetry/api'
import { correlationId, currentTrace, SpanlogError } from 'spanlog'
import { traceHandler } from 'spanlog/lambda'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

const traceId = 'a'.repeat(32)
const traceparent = `00-${traceId}-${'b'.repeat(16)}-01`
const other = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`
const context = {
  functionName: 'orders',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
  awsRequestId: '6ad7-11',
}
const here = () => Promise.resolve({ statusCode: 200, body: correlationId() })

// Events as AWS documents them, cut down to what is read and its neighbours.
const rest = (headers: object | null) => ({
  resource: '/orders/{id}',
  path: '/orders/7',
  httpMethod: 'POST',
  headers,
  multiValueHeaders: headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  requestContext: { resourceId: '123456', httpMethod: 'POST', stage: 'prod' },
  body: null,
  isBase64Encoded: false,
})
const http = (headers?: object, routeKey = 'POST /orders/{id}') => ({
  version: '2.0',
  routeKey,
  rawPath: '/orders/7',
  rawQueryString: 'token=secret',
  headers,
  requestContext: { http: { method: 'POST', path: '/orders/7', protocol: 'HTTP/1.1' }, stage: '$default' },
})
const balancer = (headers: object) => ({
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:…' } },
  httpMethod: 'POST',
  path: '/orders/7',
  multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
})
const sqs = (...traceparents: (string | undefined)[]) => ({
  Records: traceparents.map((value, i) => ({
    messageId: `m${i}`,
    body: '{}',
    messageAttributes: value === undefined ? {} : { traceparent: { stringValue: value, dataType: 'String', stringListValues: [] } },
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:orders-queue',
  })),
})
const sns = (value: string) => ({
  Records: [
    {
      EventSource: 'aws:sns',
      Sns: {
        TopicArn: 'arn:aws:sns:eu-central-1:123456789012:orders-topic',
        Message: '{}',
        MessageAttributes: { traceparent: { Type: 'String', Value: value } },
      },
    },
  ],
})

describe('traceHandler', () => {
  it.each([
    ['a REST API', rest({ Traceparent: traceparent, Host: 'x' }), 'POST /orders/{id}', '/orders/{id}'],
    ['an HTTP API', http({ traceparent, host: 'x' }), 'POST /orders/{id}', '/orders/{id}'],
    ['an HTTP API without a route', http({ traceparent }, '$default'), 'POST', undefined],
    ['a load balancer', balancer({ traceparent }), 'POST', undefined],
  ])('continues the trace of a request by %s, and answers with its ID', async (_, event, name, route) => {
    const answer = await traceHandler(here)(event, context)
    expect(answer).toEqual({ statusCode: 200, body: traceId, headers: { 'x-trace-id': traceId } })
    const [span] = telemetry.spans()
    expect(span).toMatchObject({ name, kind: 'server', traceId, parentSpanId: 'b'.repeat(16), status: { code: 'unset' } })
    expect(span?.attributes).toEqual({
      'faas.trigger': 'http',
      'faas.coldstart': true,
      'faas.name': 'orders',
      'faas.version': '$LATEST',
      'faas.invocation_id': '6ad7-11',
      'aws.lambda.invoked_arn': context.invokedFunctionArn,
      'cloud.account.id': '123456789012',
      'http.request.method': 'POST',
      'url.path': '/orders/7',
      ...(route && { 'http.route': route }),
      'http.response.status_code': 200,
    })
  })

  it.each([
    ['headers that are null', rest(null)],
    ['no headers at all', http()],
    ['a malformed traceparent', http({ traceparent: 'garbage' })],
    ['two of them', balancer({ traceparent: [traceparent, other] })],
  ])('begins a trace for a request with %s', async (_, event) => {
    const { body } = await traceHandler(here)(event, context)
    expect(body).toMatch(/^[0-9a-f]{32}$/)
    expect(body).not.toBe(traceId)
    expect(telemetry.spans()[0]?.parentSpanId).toBeUndefined()
  })

  it.each([
    ['a message of SQS', sqs(traceparent), 'process orders-queue', 'aws.sqs', 1],
    ['a message of SNS', sns(traceparent), 'process orders-topic', 'aws.sns', 1],
    ['a batch of one trace', sqs(traceparent, traceparent, traceparent), 'process orders-queue', 'aws.sqs', 3],
  ])('continues the trace of %s', async (_, event, name, system, count) => {
    await traceHandler(here)(event, context)
    const [span] = telemetry.spans()
    expect(span).toMatchObject({ name, kind: 'consumer', traceId, parentSpanId: 'b'.repeat(16) })
    expect(span?.attributes).toMatchObject({
      'messaging.system.name': system,
      'messaging.batch.message_count': count,
      'faas.trigger': 'pubsub',
    })
    expect(span?.links).toHaveLength(count - 1)
  })

  it.each([
    ['of several traces', sqs(traceparent, other), 2],
    ['of which one knows no trace', sqs(traceparent, undefined), 1],
  ])('begins a trace for a batch %s, with links', async (_, event, links) => {
    const { body } = await traceHandler(here)(event, context)
    const [span] = telemetry.spans()
    expect([span?.parentSpanId, span?.links.map((link) => link.traceId)]).toEqual([undefined, [traceId, 'c'.repeat(32)].slice(0, links)])
    expect(span?.traceId).toBe(body)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'ping'],
    ['records of S3', { Records: [{ eventSource: 'aws:s3', s3: {} }] }],
    ['no records', { Records: [] }],
    ['records that are none', { Records: [null] }],
    ['headers that are a text', { httpMethod: 'GET', headers: 'x' }],
    ['fields of other types', { requestContext: { http: { method: 7 } }, routeKey: 7, httpMethod: 7 }],
  ])('serves an event that is %s, in a trace that begins', async (_, event) => {
    expect(await traceHandler((given: unknown) => ({ given, id: correlationId() }))(event, context)).toEqual({
      given: event,
      id: telemetry.spans()[0]?.traceId,
    })
  })

  it.each([
    ['a request', 'link', http({ traceparent }), { own: false, links: [traceId] }],
    ['a message', 'link', sqs(traceparent), { own: false, links: [traceId] }],
    ['a batch of one trace', 'link', sqs(traceparent, traceparent), { own: false, links: [traceId, traceId] }],
    ['a request', 'ignore-sampled', http({ traceparent: traceparent.replace(/01$/, '00') }), { own: true, links: [] }],
    ['a message', 'ignore-sampled', sqs(traceparent.replace(/01$/, '00')), { own: true, links: [] }],
    ['a request that names none', 'link', http({ host: 'x' }), { own: false, links: [] }],
  ] as const)('treats the trace of %s as told: %s', async (_, incoming, event, { own, links }) => {
    const { body } = await traceHandler(here, { incoming })(event, context)
    const [span] = telemetry.spans()
    expect([span?.traceId === traceId, span?.parentSpanId !== undefined]).toEqual([own, own])
    expect(span?.links.map((link) => link.traceId)).toEqual(links)
    expect(body).toBe(span?.traceId)
  })

  it('names an invocation by the function, and takes the trace from where the user says', async () => {
    const handler = traceHandler(here, { carrier: (event: { detail: { trace: string } }) => ({ traceparent: event.detail.trace }) })
    await handler({ detail: { trace: traceparent } }, context)
    expect(telemetry.spans()[0]).toMatchObject({ name: 'orders', traceId, attributes: { 'faas.trigger': 'other' } })
  })

  it('knows a cold start from the next', async () => {
    const handler = traceHandler(here)
    await handler({}, context)
    await handler({}, undefined)
    expect(telemetry.spans().map((span) => span.attributes['faas.coldstart'])).toEqual([true, false])
  })

  it('is an error at 5xx, and not at 4xx', async () => {
    const handler = traceHandler((event: { statusCode: number }) => ({ statusCode: event.statusCode }))
    await handler({ ...http({}), statusCode: 503 }, context)
    await handler({ ...http({}), statusCode: 404 }, context)
    expect(telemetry.spans().map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual([
      ['error', '503'],
      ['unset', undefined],
    ])
  })

  it('records what the handler throws, sends it, and rejects with it', async () => {
    const error = new Error('boom')
    const forceFlush = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const handler = traceHandler(() => Promise.reject(error), { forceFlush })
    await expect(handler(http({ traceparent }), context)).rejects.toBe(error)
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({ status: { code: 'error', message: 'boom' }, events: [expect.objectContaining({ name: 'exception' })] }),
    ])
    expect(forceFlush).toHaveBeenCalledOnce()
  })

  it.each([
    [
      'results',
      (_event: unknown, _context: unknown, callback: (error: null, result: string) => void) => void setTimeout(callback, 1, null, 'done'),
    ],
    ['an async function with three parameters', (_event: unknown, _context: unknown, _callback: unknown) => Promise.resolve('done')],
  ])('serves a handler that calls back with %s', async (_, handler) => {
    expect(await traceHandler(handler)({}, context)).toBe('done')
    expect(telemetry.spans()).toHaveLength(1)
  })

  it('rejects with what a handler calls back', async () => {
    const error = new Error('boom')
    const handler = traceHandler((_event, _context, callback) => callback(error))
    await expect(handler({}, context)).rejects.toBe(error)
    expect(telemetry.spans()[0]?.status.code).toBe('error')
  })

  it('leaves an answer that has no status, and one that has the header, as they are', async () => {
    const answer = Object.freeze({ ok: true })
    expect(await traceHandler(() => answer)(http({}), context)).toBe(answer)
    const own = { statusCode: 200, headers: { 'x-trace-id': 'mine' } }
    expect(await traceHandler(() => own)(http({}), context)).toEqual(own)
    expect(await traceHandler(() => own, { header: false })(http({}), context)).toBe(own)
  })

  it('keeps concurrent invocations apart', async () => {
    const handler = traceHandler(async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return { statusCode: 200, body: currentTrace()?.traceId }
    })
    const ids = Array.from({ length: 20 }, (_, i) => `${i + 1}`.padStart(32, 'e'))
    const answers = await Promise.all(ids.map((id) => handler(http({ traceparent: `00-${id}-${'d'.repeat(16)}-01` }), context)))
    expect(answers.map(({ body }) => body)).toEqual(ids)
  })
})

describe('traceHandler before it returns', () => {
  it('sends by the function it was given, after the span has ended', async () => {
    let atFlush = -1
    const forceFlush = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      atFlush = telemetry.spans().length
    }
    await traceHandler(here, { forceFlush })({}, context)
    expect(atFlush).toBe(1)
  })

  it('sends by the global provider where it was given none', async () => {
    const sdk = trace.getTracerProvider() as { getDelegate?(): object }
    const provider = (sdk.getDelegate?.() ?? sdk) as { forceFlush(): Promise<void> }
    const flushed = vi.spyOn(provider, 'forceFlush')
    await traceHandler(here)({}, context)
    expect(flushed).toHaveBeenCalledOnce()
    flushed.mockRestore()
  })

  it.each([
    ['fails', () => Promise.reject(new Error('no'))],
    [
      'throws',
      (): Promise<void> => {
        throw new Error('no')
      },
    ],
    ['hangs', () => new Promise<void>(() => {})],
  ])('answers though sending %s', async (_, forceFlush) => {
    expect(await traceHandler(() => 'ok', { forceFlush, flushTimeoutMs: 20 })({}, context)).toBe('ok')
  })
})

describe('traceHandler options', () => {
  it.each([
    ['a misspelt option', { flush: () => {} }, /traceHandler has no option `flush`/],
    ['a flush that is no function', { forceFlush: true }, /`forceFlush` to be a function/],
    ['a negative time', { flushTimeoutMs: -1 }, /`flushTimeoutMs` to be a number of milliseconds, 0 or more, at most 2147483647, got -1/],
    ['a header name with a space', { header: 'x trace' }, /`header` to be the name of an HTTP header, or false/],
    ['a carrier that is no function', { carrier: {} }, /`carrier` to be a function/],
    ['no object', 'x', /`options` to be an object/],
  ])('refuse %s', (_, options, message) => {
    expect(() => traceHandler(here, options as never)).toThrow(message)
    expect(() => traceHandler(here, options as never)).toThrow(SpanlogError)
  })

  it('refuse a handler that is no function', () => {
    expect(() => traceHandler('x' as never)).toThrow('Expected `handler` to be a function')
  })
})
