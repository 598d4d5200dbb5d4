import { type Attributes, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { withFields, withSpan } from 'spanlog'
import {
  countErrors,
  type EnrichSpansOptions,
  enrichSpans,
  filterSpans,
  oldAttributeNames,
  type RedactSpansOptions,
  redactSpans,
  type SpanStage,
  type TraceProcessor,
} from 'spanlog/tracing'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => void vi.restoreAllMocks())

/** A provider of the SDK with one pipeline behind a stage, and one beside it. */
function provider({ stage, beside }: { stage?: SpanStage; beside?: TraceProcessor }) {
  const [behind, untouched] = [new InMemorySpanExporter(), new InMemorySpanExporter()]
  const exporting = new SimpleSpanProcessor(behind)
  const sdk = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.4', 'db.password': 'hunter2' }),
    spanProcessors: [...(beside ? [beside] : []), stage ? stage(exporting) : exporting, new SimpleSpanProcessor(untouched)],
  })
  return { tracer: sdk.getTracer('test'), behind: () => behind.getFinishedSpans(), untouched: () => untouched.getFinishedSpans(), sdk }
}

const only = (spans: ReadableSpan[]): ReadableSpan => {
  expect(spans).toHaveLength(1)
  return spans[0]!
}

describe('redactSpans', () => {
  const hidden = '[REDACTED]'
  function redacted(attributes: Attributes, options?: RedactSpansOptions): Attributes {
    const { tracer, behind } = provider({ stage: redactSpans(options) })
    tracer.startSpan('work', { attributes }).end()
    return only(behind()).attributes
  }

  it.each<[string, Attributes, Attributes, RedactSpansOptions?]>([
    [
      'values of secret keys',
      { 'user.password': 'x', 'http.request.header.cookie': ['a=b'] },
      { 'user.password': hidden, 'http.request.header.cookie': hidden },
    ],
    ['patterns inside of texts', { note: 'card 4111111111111111' }, { note: `card ${hidden}` }],
    [
      'credentials and query secrets of URLs',
      { 'url.full': 'https://ada:pw@shop.example/cb?code=abc&x=1' },
      { 'url.full': `https://${hidden}@shop.example/cb?code=${hidden}&x=1` },
    ],
    [
      'literals of SQL',
      { 'db.query.text': "SELECT * FROM users WHERE name = 'Ada'" },
      { 'db.query.text': 'SELECT * FROM users WHERE name = ?' },
    ],
    ['names in double quotes not', { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT "Id"' }, { 'db.query.text': 'SELECT "Id"' }],
    ['texts in double quotes of MySQL', { 'db.system.name': 'mysql', 'db.query.text': 'SELECT "Ada"' }, { 'db.query.text': 'SELECT ?' }],
    [
      'literals of SQL not, where that is asked for',
      { 'db.query.text': "SELECT 'Ada'" },
      { 'db.query.text': "SELECT 'Ada'" },
      { sqlLiterals: false },
    ],
    [
      'keys of your own, in place of the usual',
      { iban: 'x', password: 'y' },
      { iban: '***', password: 'y' },
      { keys: ['iban'], replacement: '***' },
    ],
    [
      'what is harmless not',
      { 'order.id': 'A-17', count: 3, ok: true, tags: ['a', 'b'] },
      { 'order.id': 'A-17', count: 3, ok: true, tags: ['a', 'b'] },
    ],
  ])('hides %s', (_, given, expected, options) => {
    expect(redacted(given, options)).toMatchObject(expected)
  })

  it('hides in names, statuses, events, links and the resource as well, and leaves the span that others see as it is', () => {
    const { tracer, behind, untouched } = provider({ stage: redactSpans() })
    const link = { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }, attributes: { token: 'abc' } }
    const span = tracer.startSpan('GET /cb?code=abc', { links: [link], attributes: { password: 'x' } })
    span.addEvent('mailed ada@example.com', { secret: 'x' })
    span.recordException(new Error('refused for ada@example.com'))
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'no user ada@example.com' })
    span.end()
    const shown = only(behind())
    expect(JSON.stringify([shown.name, shown.status, shown.events, shown.links, shown.resource.attributes, shown.attributes])).not.toMatch(
      /ada@|abc|hunter2|"x"/,
    )
    expect(shown.resource.attributes['service.version']).toBe('1.4')
    expect(shown.events.map(({ time }) => time)).toEqual(only(untouched()).events.map(({ time }) => time))
    const other = only(untouched())
    expect([other.name, other.attributes, other.status.message, other.resource.attributes['db.password']]).toEqual([
      'GET /cb?code=abc',
      { password: 'x' },
      'no user ada@example.com',
      'hunter2',
    ])
  })

  it('hands on a span that is whole: times, IDs, parent, duration, counts', () => {
    const { tracer, behind, untouched } = provider({ stage: redactSpans() })
    const parent = tracer.startSpan('parent')
    tracer.startSpan('child', { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, parent)).end()
    const [ours, theirs] = [only(behind()), only(untouched())]
    const all = [
      'kind',
      'startTime',
      'endTime',
      'duration',
      'ended',
      'parentSpanContext',
      'instrumentationScope',
      'droppedAttributesCount',
      'droppedEventsCount',
      'droppedLinksCount',
    ] as const
    for (const key of all) expect(ours[key]).toEqual(theirs[key])
    expect(ours.spanContext()).toEqual(theirs.spanContext())
    expect(ours.attributes).toBe(ours.attributes)
  })

  it('refuses a misspelt option', () => {
    expect(() => redactSpans({ key: [] } as never)).toThrow(/no option `key`/)
  })
})

describe('filterSpans', () => {
  it.each<[string, string, Attributes, boolean]>([
    ['leaves out a health check by its path', 'GET', { 'url.path': '/healthz' }, false],
    ['leaves out one by its old attribute', 'GET', { 'http.target': '/ready?full=1' }, false],
    ['leaves out one by gRPC', 'grpc.health.v1.Health/Check', {}, false],
    ['keeps what merely begins alike', 'GET', { 'url.path': '/healthy-food' }, true],
    ['keeps what has it further in', 'GET', { 'url.path': '/orders/health' }, true],
    ['keeps all else', 'POST /orders', { 'url.path': '/orders' }, true],
  ])('%s', (_, name, attributes, kept) => {
    const { tracer, behind, untouched } = provider({ stage: filterSpans() })
    tracer.startSpan(name, { attributes }).end()
    expect(behind()).toHaveLength(kept ? 1 : 0)
    expect(untouched()).toHaveLength(1)
  })

  it('leaves out what happens beneath a span that is left out at its start, also what outlives it', () => {
    const { tracer, behind } = provider({ stage: filterSpans() })
    const root = tracer.startSpan('GET', { attributes: { 'url.path': '/health' } })
    const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root))
    tracer.startSpan('grandchild', {}, trace.setSpan(ROOT_CONTEXT, child)).end()
    root.end()
    child.end()
    tracer.startSpan('other').end()
    expect(behind().map(({ name }) => name)).toEqual(['other'])
  })

  it('leaves out a span alone that is recognised at its end', () => {
    const { tracer, behind } = provider({ stage: filterSpans({ leaveOut: ({ attributes }) => attributes['quiet'] === true }) })
    const root = tracer.startSpan('root')
    tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end()
    root.setAttribute('quiet', true).end()
    expect(behind().map(({ name }) => name)).toEqual(['child'])
  })

  it('keeps every span where its function throws, and reports it', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const stage = filterSpans({
      leaveOut: () => {
        throw new Error('broken')
      },
    })
    const { tracer, behind } = provider({ stage })
    tracer.startSpan('a').end()
    expect(behind()).toHaveLength(1)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('filterSpans failed'), expect.anything())
  })

  it('refuses what is no function', () => {
    expect(() => filterSpans({ leaveOut: 'health' as never })).toThrow(/`leaveOut` to be a function/)
  })
})

describe('enrichSpans', () => {
  const baggage = propagation.createBaggage({ 'tenant.id': { value: 'acme' }, secret: { value: 'x' } })
  it.each<[string, EnrichSpansOptions, Attributes]>([
    ['attributes of the resource', { resource: ['service.version', 'no.such'] }, { 'service.version': '1.4' }],
    ['attributes that are the same for all', { attributes: { team: 'blue' } }, { team: 'blue' }],
    ['attributes of each span', { attributes: ({ name }) => ({ upper: name.toUpperCase() }) }, { upper: 'WORK' }],
    ['feature flags', { featureFlags: () => ({ checkout2: 'on' }) }, { 'feature_flag.checkout2': 'on' }],
    ['the group of an A/B test', { abGroup: () => 'B' }, { 'app.ab_group': 'B' }],
    ['the user', { user: () => ({ id: 'u1', roles: ['admin'] }) }, { 'user.id': 'u1', 'user.roles': ['admin'] }],
    ['nobody', { user: () => undefined }, {}],
    ['entries of the baggage that are named', { baggage: ['tenant.id'] }, { 'tenant.id': 'acme' }],
    ['what the span has of its own not', { attributes: { own: 'theirs' } }, { own: 'mine' }],
  ])('puts on %s', (_, options, expected) => {
    const { tracer, behind } = provider({ beside: enrichSpans(options) })
    tracer.startSpan('work', { attributes: { own: 'mine' } }, propagation.setBaggage(ROOT_CONTEXT, baggage)).end()
    expect(only(behind()).attributes).toEqual({ own: 'mine', ...expected })
  })

  it('puts on fields of withFields', () => {
    const { sdk, behind } = provider({ beside: enrichSpans({ fields: ['orderId'] }) })
    trace.setGlobalTracerProvider(sdk)
    withFields({ orderId: 4711, other: 1 }, () => withSpan('work', () => undefined))
    trace.disable()
    expect(only(behind()).attributes).toEqual({ orderId: 4711 })
  })

  it('puts on the rest where one of its functions throws', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const options: EnrichSpansOptions = {
      featureFlags: () => {
        throw new Error('no flags')
      },
      abGroup: () => 'A',
    }
    const { tracer, behind } = provider({ beside: enrichSpans(options) })
    tracer.startSpan('work').end()
    expect(only(behind()).attributes).toEqual({ 'app.ab_group': 'A' })
  })

  it.each([
    ['a misspelt option', { flags: {} }, /no option `flags`/],
    ['a user that is no function', { user: { id: 1 } }, /`user` to be a function/],
    ['baggage that is no list', { baggage: true }, /`baggage` to be an array/],
  ])('refuses %s', (_, options, message) => {
    expect(() => enrichSpans(options as never)).toThrow(message)
  })
})

describe('countErrors', () => {
  function failing(errors: TraceProcessor) {
    const { tracer } = provider({ beside: errors })
    return (name: string, at: number, error?: Error): string => {
      const span = tracer.startSpan(name, { startTime: at })
      if (error) span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR }).end(at)
      return span.spanContext().traceId
    }
  }

  it('counts by service, operation and type, with first, last and a sample', () => {
    const errors = countErrors()
    const fail = failing(errors)
    const noon = Date.UTC(2026, 4, 4, 12)
    fail('charge', noon + 1_000, new TypeError('a'))
    const sampleTraceId = fail('charge', noon + 2_000, new TypeError('b'))
    fail('ship', noon)
    const { tracer } = provider({ beside: errors })
    tracer.startSpan('fine').end()
    expect(errors.errors()).toEqual([
      {
        service: 'orders',
        operation: 'charge',
        type: 'TypeError',
        count: 2,
        firstUnixNano: BigInt(noon + 1_000) * 1_000_000n,
        lastUnixNano: BigInt(noon + 2_000) * 1_000_000n,
        sampleTraceId,
        sampled: true,
      },
      expect.objectContaining({ operation: 'ship', type: 'error', count: 1 }),
    ])
    errors.reset()
    expect(errors.errors()).toEqual([])
  })

  it('holds no more groups than it may, and counts those that it let go', () => {
    const errors = countErrors({ maxGroups: 2 })
    const fail = failing(errors)
    for (const name of ['a', 'a', 'b', 'a', 'c', 'd']) fail(name, Date.now())
    expect(errors.errors().map(({ operation }) => operation)).toEqual(['c', 'd'])
    expect(errors.forgotten).toBe(4)
  })

  it('refuses no groups', () => {
    expect(() => countErrors({ maxGroups: 0 })).toThrow(/`maxGroups`/)
  })
})

describe('oldAttributeNames', () => {
  const today: Attributes = {
    'http.request.method': 'GET',
    'url.path': '/orders',
    'url.query': 'x=1',
    'server.address': 'shop.example',
    'db.system.name': 'microsoft.sql_server',
    'messaging.system.name': 'aws.sqs',
    'db.query.text': 'SELECT ?',
    'messaging.destination.name': 'orders',
    'rpc.method': 'shop.Orders/Get',
    'rpc.status_code': 'NOT_FOUND',
    other: 1,
  }
  const old: Attributes = {
    'http.method': 'GET',
    'http.target': '/orders?x=1',
    'net.host.name': 'shop.example',
    'db.system': 'mssql',
    'messaging.system': 'aws_sqs',
    'db.statement': 'SELECT ?',
    'messaging.destination': 'orders',
    'mq.topic': 'orders',
    'rpc.service': 'shop.Orders',
    'rpc.method': 'Get',
    'rpc.grpc.status_code': 5,
    other: 1,
  }
  it.each([
    ['both', { ...today, ...old }],
    ['old', old],
  ] as const)('writes %s', (mode, expected) => {
    const { tracer, behind, untouched } = provider({ stage: oldAttributeNames(mode) })
    tracer.startSpan('GET /orders', { kind: SpanKind.SERVER, attributes: today }).end()
    expect(only(behind()).attributes).toEqual(expected)
    expect(only(untouched()).attributes).toEqual(today)
  })

  it('writes the peer of a client, what an exception was called, and nothing over what is there', () => {
    const { tracer, behind } = provider({ stage: oldAttributeNames('old') })
    const span = tracer.startSpan('GET', {
      kind: SpanKind.CLIENT,
      attributes: { 'server.address': 'db', 'http.request.method': 'GET', 'http.method': 'mine' },
    })
    span.recordException(new Error('no'))
    span.end()
    expect(only(behind()).attributes).toEqual({ 'net.peer.name': 'db', 'http.method': 'mine' })
    expect(only(behind()).events[0]?.attributes).toMatchObject({ 'error.message': 'no', 'exception.type': 'Error' })
  })

  it('refuses another mode', () => {
    expect(() => oldAttributeNames('new' as never)).toThrow(/'both' or 'old'/)
  })
})
