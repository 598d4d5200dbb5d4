import type { LogEntry } from '../logs/types.js'
import type { TraceSpan } from '../traces/types.js'
import { hasText, queryText, textOf } from './attributes.js'
import { failureOf, isFailed } from './failure.js'
import { hasLiteral } from './shape.js'
import { durationOf, type SpanNode, type SpanTree } from './tree.js'

/** What the checks look at. */
export interface Subjects {
  tree: SpanTree
  /** Lines of the trace; absent where no lines were given. */
  lines?: LogEntry[]
}

export interface CheckLimits {
  smallMs: number
  maxAttributes: number
}

/** One thing that a good trace has. */
export interface CheckRule {
  name: string
  /** 1 for a flaw that makes analyses wrong, less for one that only costs. */
  weight: number
  /** What is wrong where it fails. */
  finding: string
  remedy: string
  /** The spans that it is about, each with whether it passes. */
  judge(subjects: Subjects, limits: CheckLimits): Iterable<readonly [span: TraceSpan, passes: boolean]>
}

const rule = (
  name: string,
  weight: number,
  finding: string,
  remedy: string,
  about: (node: SpanNode) => boolean,
  passes: (node: SpanNode, limits: CheckLimits) => boolean,
): CheckRule => ({
  name,
  weight,
  finding,
  remedy,
  *judge({ tree }, limits) {
    for (const node of tree.nodes) if (about(node)) yield [node.span, passes(node, limits)]
  },
})

const every = () => true
const isRemoteCall = ({ span }: SpanNode) =>
  span.kind === 'client' &&
  textOf(span.attributes, 'db.system.name', 'db.system') === undefined &&
  hasText(span.attributes, 'http.request.method', 'http.method', 'rpc.system.name', 'rpc.system')

/** What each kind of span must say for its peer to be known, today's and older names. */
const identifying: Partial<Record<TraceSpan['kind'], string[]>> = {
  server: ['http.route', 'url.path', 'http.target', 'rpc.method', 'faas.trigger'],
  client: ['server.address', 'net.peer.name', 'peer.service', 'url.full', 'http.url', 'db.system.name', 'db.system', 'rpc.method'],
  producer: ['messaging.destination.name', 'messaging.destination'],
  consumer: ['messaging.destination.name', 'messaging.destination'],
}

export const spanRules: readonly CheckRule[] = [
  {
    name: 'root-present',
    weight: 1,
    finding: 'each span names a parent, and the first of them is not in the trace',
    remedy: 'trace the service at the edge; send its spans to the same store; let one sampler decide for the whole trace',
    *judge({ tree }) {
      if (tree.nodes[0] !== undefined) yield [tree.nodes[0].span, tree.roots.some(({ detached }) => detached === undefined)]
    },
  },
  {
    name: 'one-root',
    weight: 0.5,
    finding: 'several spans name no parent: work was begun afresh under an ID that was in use',
    remedy: 'begin child work inside the context of its parent, not by copying the trace ID',
    *judge({ tree }) {
      const [first, ...others] = tree.roots.filter(({ detached }) => detached === undefined)
      if (first !== undefined) yield [(others[0] ?? first).span, others.length === 0]
    },
  },
  rule(
    'parent-present',
    1,
    'the parent of a span is not in the trace',
    'export the spans of every service to the same store, flush them on shutdown, and do not let services sample for themselves',
    ({ span }) => span.parentSpanId !== undefined,
    ({ detached }) => detached !== 'orphan',
  ),
  rule(
    'no-cycles',
    1,
    'spans are each other’s ancestors',
    'correct what writes the parent IDs',
    ({ span }) => span.parentSpanId !== undefined,
    ({ detached }) => detached !== 'cycle',
  ),
  rule(
    'ids-unique',
    1,
    'two spans have the same ID',
    'correct the ID generator; seed it anew after a fork',
    every,
    ({ duplicate }) => duplicate !== true,
  ),
  rule(
    'entered',
    0.5,
    'the trace begins with an outgoing call: the request that caused it is not traced',
    'instrument the server, or the queue or timer that starts the work',
    ({ detached, parent }) => parent === undefined && detached === undefined,
    ({ span }) => span.kind !== 'client',
  ),
  rule(
    'call-answered',
    1,
    'a call to another service has no server span below it: the context was not carried, or the service is not traced',
    'instrument the service that is called, and let proxies pass the traceparent header on',
    isRemoteCall,
    ({ children }) => children.some(({ span }) => span.kind === 'server'),
  ),
  rule(
    'clocks-agree',
    0.5,
    'a span begins before the call from another service that caused it',
    'synchronise the clocks of the hosts',
    ({ span, parent }) => parent !== undefined && parent.span.service !== span.service,
    ({ startUnixNano, parent }) => startUnixNano >= parent!.startUnixNano,
  ),
  rule(
    'ends-after-start',
    1,
    'a span ends before it starts',
    'take times from one monotonic clock',
    every,
    ({ span }) => span.endUnixNano >= span.startUnixNano,
  ),
  rule(
    'service-named',
    1,
    'a span does not say which service it is of',
    'set OTEL_SERVICE_NAME, or serviceName where tracing is started',
    every,
    ({ span }) => !span.service.startsWith('unknown_service'),
  ),
  rule(
    'peer-known',
    0.5,
    'a call or an answer does not say what it was about: no route, address or destination',
    'use current instrumentation, or set the attributes of the semantic conventions',
    ({ span }) => identifying[span.kind] !== undefined,
    ({ span }) => hasText(span.attributes, ...identifying[span.kind]!),
  ),
  rule(
    'error-explained',
    0.5,
    'a failed span says neither the type nor the message of its error',
    'record the exception, or set error.type and the message of the status',
    ({ span }) => isFailed(span),
    ({ span }) => failureOf(span).type !== 'error' || failureOf(span).message !== undefined,
  ),
  rule(
    'name-general',
    0.5,
    'the name of a span holds an ID, a number or a query: it cannot be grouped',
    'name the span by its route or operation and put the rest into attributes',
    every,
    ({ span }) => !hasLiteral(span.name) && span.name !== queryText(span),
  ),
  rule(
    'worth-it',
    0.25,
    'an internal span is too small to be worth its cost: short, without children, events or an error',
    'drop the span, or make it an event of its parent',
    ({ span }) => span.kind === 'internal',
    (node, { smallMs }) =>
      durationOf(node) >= BigInt(Math.round(smallMs * 1e6)) ||
      node.children.length > 0 ||
      node.span.events.length > 0 ||
      node.parent === undefined ||
      isFailed(node.span),
  ),
  rule(
    'few-attributes',
    0.25,
    'a span has more attributes than anybody reads',
    'drop attributes that no query uses, or set OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
    every,
    ({ span }, { maxAttributes }) => Object.keys(span.attributes).length <= maxAttributes,
  ),
  {
    name: 'logged',
    weight: 0.5,
    finding: 'a request entered a service that logged nothing for it',
    remedy: 'log at least the completion of each request, with the trace ID on the line',
    *judge({ tree, lines }) {
      if (lines === undefined) return
      const spans = new Set(lines.map(({ spanId }) => spanId))
      const services = new Set(lines.map(({ service, spanId }) => service ?? tree.byId.get(spanId ?? '')?.span.service))
      for (const { span } of tree.nodes) {
        if (span.kind === 'server' || span.kind === 'consumer') yield [span, services.has(span.service) || spans.has(span.spanId)]
      }
    },
  },
]
