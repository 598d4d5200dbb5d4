import { createRequire } from 'node:module'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node'

const tracing = () => createRequire(import.meta.url)('spanlog/tracing')
const spansPerTrace = 10
const spansPerFlush = 2_500

/** Reads what an exporter reads, and sends nothing: what is measured is the way there, with what was left for when a span is read. */
const exporter = {
  characters: 0,
  export(batch, done) {
    // Exporters write a resource once for all of its spans.
    this.characters += JSON.stringify(batch[0].resource.attributes).length
    for (const span of batch) {
      const { traceId, spanId, traceState } = span.spanContext()
      const { name, kind, status, startTime, endTime, parentSpanContext, attributes, events, links } = span
      this.characters += JSON.stringify([attributes, events, links, status, startTime, endTime, kind]).length
      this.characters += `${traceId}${spanId}${traceState?.serialize()}${parentSpanContext?.spanId}${name}`.length
    }
    done({ code: 0 })
  },
  shutdown: () => Promise.resolve(),
}

const orderAttributes = (i) => ({ 'http.request.method': 'GET', 'http.route': '/orders/:id', 'tenant.id': 'acme', 'order.id': i })

/** Ten, as instrumentations of HTTP and of databases write them. */
function edgeAttributes(i) {
  return i % 2 === 0
    ? {
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'url.path': `/orders/${i}`,
        'url.scheme': 'https',
        'server.address': 'shop.example.com',
        'server.port': 8080,
        'network.protocol.version': '1.1',
        'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
        'http.response.status_code': 200,
        'client.address': '10.1.2.3',
      }
    : {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'orders',
        'db.query.text':
          'SELECT o.id, o.total FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1 AND o.state IN ($2, $3)',
        'server.address': 'db-1.internal',
        'server.port': 5432,
        'db.response.returned_rows': 17,
        'tenant.id': 'acme',
        'order.id': i,
      }
}

/**
 * Traces of ten spans with four attributes each, if not said otherwise; one trace after the other, each in a turn of its own, as requests are. What
 * processors left for later is done at the end of a batch, and belongs to it.
 */
function spans({ sampler = new AlwaysOnSampler(), processors = [], attributesOf = orderAttributes }) {
  const provider = new NodeTracerProvider({ sampler, spanProcessors: processors })
  const tracer = provider.getTracer('bench')
  const flush = () => Promise.all(processors.map((processor) => processor.forceFlush()))
  const begin = (name, context, i) => tracer.startSpan(name, { attributes: attributesOf(i) }, context)
  return async (count) => {
    for (let i = 0; i < count; i += spansPerTrace) {
      const root = begin('GET /orders/:id', ROOT_CONTEXT, i)
      const context = trace.setSpan(ROOT_CONTEXT, root)
      for (let j = 1; j < spansPerTrace; j++) begin('SELECT orders', context, j).end()
      root.end()
      await Promise.resolve()
      if (i % spansPerFlush === 0) await flush()
    }
    await flush()
  }
}

const batch = () => new BatchSpanProcessor(exporter)
const processed = (make) => () => spans({ processors: make() })
const edges = (make) => () => spans({ processors: make(), attributesOf: edgeAttributes })
const sampled = (make) => () => spans({ sampler: make() })
const tail = (options) => () => {
  const { sampler, processor } = tracing().tailSampling({ exporters: [exporter], ...options })
  return spans({ sampler, processors: [processor] })
}
const few = ['errors', { slowerThanMs: 1_000 }, { attribute: 'tenant.id', equals: 'globex' }, { probability: 0.1 }]

export default {
  scenario: 'tracing',
  unit: 'ns/span',
  batch: 10_000,
  contenders: {
    'no processor': processed(() => []),
    BatchSpanProcessor: processed(() => [batch()]),
    'tail sampler, keeping 10 %, without grace': tail({ keep: few, graceMs: 0 }),
    'tail sampler, keeping 10 %': tail({ keep: few }),
    'tail sampler, keeping all': tail({ keep: [{ probability: 1 }] }),
    'tail sampler, keeping all, the flag set': tail({ keep: [{ slowerThanMs: 1e-9 }], propagate: 'sampled' }),
    'enrichSpans, BatchSpanProcessor': processed(() => [
      tracing().enrichSpans({ attributes: { 'deployment.environment.name': 'production' } }),
      batch(),
    ]),
    'filterSpans, BatchSpanProcessor': processed(() => [tracing().filterSpans()(batch())]),
    'redactSpans, BatchSpanProcessor': processed(() => [tracing().redactSpans()(batch())]),
    'BatchSpanProcessor, ten attributes of HTTP and SQL': edges(() => [batch()]),
    'redactSpans, ten attributes of HTTP and SQL': edges(() => [tracing().redactSpans()(batch())]),
    'countErrors, BatchSpanProcessor': processed(() => [tracing().countErrors(), batch()]),
    'FlightRecorderSpanProcessor, BatchSpanProcessor': processed(() => [new (tracing().FlightRecorderSpanProcessor)(), batch()]),
    'ParentBased, TraceIdRatioBased 100 %': sampled(() => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1) })),
    'probabilitySampler 100 %': sampled(() => tracing().probabilitySampler(1)),
    'ruleSampler, the third rule at 100 %': sampled(() =>
      tracing().ruleSampler({
        rules: [
          { attributes: { 'url.path': /^\/health/ }, rate: 0 },
          { name: 'POST /payments', rate: 1 },
          { kind: 'internal', rate: 1 },
        ],
        fallback: 0,
      }),
    ),
    'adaptiveSampler at 100 %': sampled(() => tracing().adaptiveSampler({ tracesPerSecond: 1e9 })),
    'loadSampler at 100 %': sampled(() => tracing().loadSampler({ limits: { eventLoopUtilization: 1, memory: 1 } })),
    'ParentBased, TraceIdRatioBased 1 %': sampled(() => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })),
    'probabilitySampler 1 %': sampled(() => tracing().probabilitySampler(0.01)),
  },
  ratios: [
    { contender: 'tail sampler, keeping 10 %, without grace', against: 'BatchSpanProcessor', atMost: 1.5 },
    { contender: 'tail sampler, keeping 10 %', against: 'BatchSpanProcessor', atMost: 1.5 },
    { contender: 'tail sampler, keeping all', against: 'BatchSpanProcessor', atMost: 1.5 },
    { contender: 'tail sampler, keeping all, the flag set', against: 'BatchSpanProcessor', atMost: 1.5 },
    { contender: 'enrichSpans, BatchSpanProcessor', against: 'BatchSpanProcessor' },
    { contender: 'filterSpans, BatchSpanProcessor', against: 'BatchSpanProcessor' },
    { contender: 'redactSpans, BatchSpanProcessor', against: 'BatchSpanProcessor' },
    { contender: 'redactSpans, ten attributes of HTTP and SQL', against: 'BatchSpanProcessor, ten attributes of HTTP and SQL' },
    { contender: 'countErrors, BatchSpanProcessor', against: 'BatchSpanProcessor' },
    { contender: 'FlightRecorderSpanProcessor, BatchSpanProcessor', against: 'BatchSpanProcessor' },
    { contender: 'probabilitySampler 100 %', against: 'ParentBased, TraceIdRatioBased 100 %' },
    { contender: 'ruleSampler, the third rule at 100 %', against: 'ParentBased, TraceIdRatioBased 100 %' },
    { contender: 'adaptiveSampler at 100 %', against: 'ParentBased, TraceIdRatioBased 100 %' },
    { contender: 'loadSampler at 100 %', against: 'ParentBased, TraceIdRatioBased 100 %' },
    { contender: 'probabilitySampler 1 %', against: 'ParentBased, TraceIdRatioBased 1 %' },
  ],
}
