import { type Context, createContextKey, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { activeContext, activeSpan } from '../../src/context/active.js'
import { isStatusUnset, startSpan } from '../../src/context/span.js'
import { extractTrace } from '../../src/context/wire.js'
import { guarded } from './guarded.js'
import { methodAttributes, nameOfMethod, type RequestFacts } from './request.js'

/** The span of a request, opened by us or by an OpenTelemetry instrumentation. */
export interface ServerSpan {
  span: Span
  /** The context that the request's handler runs in. */
  context: Context
  /** The route that an instrumentation of the framework found, once the handler ran. */
  foundRoute(): string | undefined
  end(outcome: Outcome): void
}

interface Outcome {
  route: string | undefined
  status: number
  sizes: BodySizes
}

/** In bytes, where known. */
export interface BodySizes {
  request: number | undefined
  response: number | undefined
}

/** What OpenTelemetry's HTTP instrumentation leaves in the context for frameworks; `@opentelemetry/core` names the key. */
interface RpcMetadata {
  type?: string
  route?: string
  span?: Span
}
const rpcMetadataKey = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

export function openServerSpan(request: RequestFacts): ServerSpan {
  const active = activeContext()
  const metadata = active.getValue(rpcMetadataKey) as RpcMetadata | undefined
  const theirs = metadata?.span ?? activeServerSpan()
  const { span, context } = theirs ? { span: theirs, context: active } : startServerSpan(request)
  return {
    span,
    context,
    foundRoute: () => metadata?.route,
    end(outcome) {
      if (theirs === undefined) {
        guarded('a server span could not be described', () => describe(span, request, outcome))
        guarded('a server span could not be ended', () => span.end())
      } else if (metadata && outcome.route !== undefined) {
        // The instrumentation names and ends its span itself, and reads the route from here.
        metadata.route ??= outcome.route
      }
    },
  }
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
function startServerSpan(request: RequestFacts): { span: Span; context: Context } {
  const { method, path, scheme, protocolVersion, userAgent } = request
  return startSpan(nameOfMethod(method), {
    kind: 'server',
    parent: extractTrace(request.headers) ?? null,
    attributes: {
      ...methodAttributes(method),
      'url.path': path,
      'url.scheme': scheme,
      ...(protocolVersion !== undefined && { 'network.protocol.version': protocolVersion }),
      ...(userAgent !== undefined && { 'user_agent.original': userAgent }),
    },
  })
}

/** A recording server span that is active can only be this request's: one that a listening server inherited has ended or is no server span. */
function activeServerSpan(): Span | undefined {
  const span = activeSpan()
  return span?.isRecording() && 'kind' in span && span.kind === SpanKind.SERVER ? span : undefined
}

function describe(span: Span, { method }: RequestFacts, { route, status, sizes }: Outcome): void {
  if (route !== undefined) span.updateName(`${nameOfMethod(method)} ${route}`)
  span.setAttributes({
    ...(route !== undefined && { 'http.route': route }),
    'http.response.status_code': status,
    ...(sizes.request !== undefined && { 'http.request.body.size': sizes.request }),
    ...(sizes.response !== undefined && { 'http.response.body.size': sizes.response }),
    ...(status >= 500 && { 'error.type': String(status) }),
  })
  if (status >= 500 && isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
}
