import {
  type Context,
  createContextKey,
  isSpanContextValid,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
} from '@opentelemetry/api'
import { activeContext, activeSpan } from '../../src/context/active.js'
import { heldIn, holding } from '../../src/context/holder.js'
import { startSpan } from '../../src/context/span.js'
import { isStatusUnset } from '../../src/context/span-failure.js'
import { type SpanOptions } from '../../src/context/span-options.js'
import type { IncomingPolicy } from '../../src/context/trust.js'
import { endSpan, rootBegan, rootEnded, tell } from '../../src/context/watch.js'
import { extractTrace } from '../../src/context/wire.js'
import { placeOf } from '../incoming.js'
import { guarded } from './guarded.js'
import { methodAttributes, nameOfMethod, type RequestFacts } from './request.js'

/** The span of a request, opened by us or by an OpenTelemetry instrumentation. */
export interface ServerSpan {
  span: Span
  /** The context that the request's handler runs in. */
  context: Context
  /** Whether the request named a trace. */
  named: boolean
  /** Whether it is ours and shows what it is told: of most requests, where few are sampled, nothing has to be found out. */
  describes: boolean
  /** The route that an instrumentation of the framework found, once the handler ran. */
  foundRoute(): string | undefined
  end(outcome: Outcome): void
}

interface Outcome {
  route: string | undefined
  /** Absent where no response began. */
  status: number | undefined
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

/** @param policyOf - asked where the request names a trace, and no instrumentation has made its own of it */
export function openServerSpan(request: RequestFacts, policyOf: () => IncomingPolicy): ServerSpan {
  const active = activeContext()
  const metadata = active.getValue(rpcMetadataKey) as RpcMetadata | undefined
  const remote = extractTrace(request.headers)
  const theirs = validSpan(metadata?.span) ?? activeServerSpan(remote)
  const { span, context } = theirs
    ? { span: theirs, context: holding(active, heldIn(active)) }
    : startServerSpan(request, placeOf(remote, remote && policyOf()))
  if (theirs !== undefined) rootBegan(theirs)
  const describes = theirs === undefined && span.isRecording()
  return {
    span,
    context,
    named: remote !== undefined,
    describes,
    foundRoute: () => metadata?.route,
    end(outcome) {
      if (theirs === undefined) {
        if (describes) guarded('a server span could not be described', () => describe(span, request, outcome))
        endSpan(span, isFailure(outcome.status))
        return
      }
      if (isFailure(outcome.status)) tell('failed', span.spanContext())
      rootEnded(span)
      if (metadata && outcome.route !== undefined) {
        // The instrumentation names and ends its span itself, and reads the route from here.
        metadata.route ??= outcome.route
      }
    },
  }
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
function startServerSpan(
  request: RequestFacts,
  { parent, links }: Pick<SpanOptions, 'parent' | 'links'>,
): { span: Span; context: Context } {
  const { method, path, scheme, protocolVersion, userAgent } = request
  const attributes = methodAttributes(method)
  attributes['url.path'] = path
  attributes['url.scheme'] = scheme
  if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent
  return startSpan(nameOfMethod(method), { kind: 'server', parent, links, attributes })
}

/** Of an instrumentation without a provider the span has no IDs: the request has no trace yet. */
function validSpan(span: Span | undefined): Span | undefined {
  return span !== undefined && isSpanContextValid(span.spanContext()) ? span : undefined
}

/**
 * A recording server span that is active is this request's: one that a listening server inherited has ended, is no server span, or
 * belongs to another trace than the request does.
 */
function activeServerSpan(remote: SpanContext | undefined): Span | undefined {
  const span = activeSpan()
  if (!span?.isRecording() || !('kind' in span) || span.kind !== SpanKind.SERVER) return undefined
  return remote === undefined || remote.traceId === span.spanContext().traceId ? span : undefined
}

function describe(span: Span, { method }: RequestFacts, { route, status, sizes }: Outcome): void {
  if (route !== undefined) span.updateName(`${nameOfMethod(method)} ${route}`)
  span.setAttributes({
    ...(route !== undefined && { 'http.route': route }),
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(sizes.request !== undefined && { 'http.request.body.size': sizes.request }),
    ...(sizes.response !== undefined && { 'http.response.body.size': sizes.response }),
    ...(isFailure(status) && { 'error.type': String(status) }),
  })
  if (isFailure(status) && isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
}

function isFailure(status: number | undefined): boolean {
  return status !== undefined && status >= 500
}
