import type { IncomingMessage } from 'node:http'
import { type Attributes, type Context, createContextKey, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { activeContext, activeSpan } from '../../src/context/active.js'
import { reportFault } from '../../src/context/fault.js'
import { isStatusUnset, startSpan } from '../../src/context/span.js'
import { extractTrace } from '../../src/context/wire.js'

/** The span of a request, opened by us or by an OpenTelemetry instrumentation. */
export interface ServerSpan {
  span: Span
  /** The context that the request's handler runs in. */
  context: Context
  /** The route that the framework or an instrumentation found, once the handler ran. */
  frameworkRoute(): string | undefined
  fail(error: unknown): void
  end(outcome: Outcome): void
}

interface Outcome {
  route: string | undefined
  status: number
  sizes: { request: number | undefined; response: number }
}

/** What OpenTelemetry's HTTP instrumentation leaves in the context for frameworks; `@opentelemetry/core` names the key. */
interface RpcMetadata {
  type?: string
  route?: string
  span?: Span
}
const rpcMetadataKey = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

export function openServerSpan(req: IncomingMessage): ServerSpan {
  const active = activeContext()
  const metadata = active.getValue(rpcMetadataKey) as RpcMetadata | undefined
  const theirs = metadata?.span ?? activeServerSpan()
  const { span, context } = theirs ? { span: theirs, context: active } : startServerSpan(req)
  return {
    span,
    context,
    frameworkRoute: () => expressRoute(req) ?? metadata?.route,
    fail: (error) => quietly(() => span.recordException(error instanceof Error ? error : String(error))),
    end: (outcome) =>
      quietly(() => {
        if (theirs === undefined) {
          describe(span, req, outcome)
          span.end()
        } else if (metadata && outcome.route !== undefined) {
          // The instrumentation names and ends its span itself, and reads the route from here.
          metadata.route ??= outcome.route
        }
      }),
  }
}

function startServerSpan(req: IncomingMessage): { span: Span; context: Context } {
  return startSpan(spanMethod(req), { kind: 'server', parent: extractTrace(req.headers) ?? null, attributes: requestAttributes(req) })
}

/** A recording server span that is active can only be this request's: one that a listening server inherited has ended or is no server span. */
function activeServerSpan(): Span | undefined {
  const span = activeSpan()
  return span?.isRecording() && 'kind' in span && span.kind === SpanKind.SERVER ? span : undefined
}

function describe(span: Span, req: IncomingMessage, { route, status, sizes }: Outcome): void {
  if (route !== undefined) span.updateName(`${spanMethod(req)} ${route}`)
  span.setAttributes({
    ...(route !== undefined && { 'http.route': route }),
    'http.response.status_code': status,
    ...(sizes.request !== undefined && { 'http.request.body.size': sizes.request }),
    'http.response.body.size': sizes.response,
    ...(status >= 500 && { 'error.type': String(status) }),
  })
  if (status >= 500 && isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
function requestAttributes(req: IncomingMessage): Attributes {
  const method = req.method ?? ''
  const userAgent = req.headers['user-agent']
  return {
    'http.request.method': knownMethods.has(method) ? method : '_OTHER',
    ...(!knownMethods.has(method) && { 'http.request.method_original': method }),
    'url.path': pathOf(req),
    'url.scheme': 'encrypted' in req.socket ? 'https' : 'http',
    'network.protocol.version': req.httpVersion,
    ...(userAgent !== undefined && { 'user_agent.original': userAgent }),
  }
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])

function spanMethod(req: IncomingMessage): string {
  return knownMethods.has(req.method ?? '') ? (req.method ?? 'HTTP') : 'HTTP'
}

/** The path without its query, which may hold secrets. Express rewrites `url` in routers and keeps the original. */
export function pathOf(req: IncomingMessage): string {
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? ''
  return url.split(/[?#]/, 1)[0] || '/'
}

function expressRoute(req: IncomingMessage): string | undefined {
  const { route, baseUrl = '' } = req as { route?: { path?: string | RegExp | (string | RegExp)[] }; baseUrl?: string }
  return route?.path === undefined ? undefined : `${baseUrl}${[route.path].flat().join('|')}`
}

function quietly(fn: () => void): void {
  try {
    fn()
  } catch (error) {
    reportFault('a server span could not be described', error)
  }
}
