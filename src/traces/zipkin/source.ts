import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { createRemote, type Remote } from '../../remote/client.js'
import { type RemoteOptions, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import { unlessUnknown } from '../../remote/refusal.js'
import { type AnswerDraft, answerTo, type TraceRequest } from '../answer.js'
import { foundIn } from '../found.js'
import { handOut, parseTimedSearch, type TimedSearchRequest } from '../search.js'
import type { TraceSource } from '../types.js'
import { readZipkin } from './json.js'

/** What `zipkinTraces` takes. */
export interface ZipkinTracesOptions extends RemoteOptions {}

/**
 * Traces from Zipkin, over its second HTTP API (port 9411). Zipkin keeps microseconds, and text for each attribute; IDs of 64 bits come
 * back with zeros before them. A client and its server may share a span ID: they are two spans here, of different kinds.
 *
 * A search asks for whole traces, and holds each against what was asked for, span by span. Zipkin's store writes the names of services
 * and spans in lower case.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION
 * @example
 * ```ts
 * const { trace } = await zipkinTraces({ url: 'http://localhost:9411' }).trace('0af7651916cd43dd8448eb211c80319c')
 * ```
 * @see https://zipkin.io/zipkin-api/
 */
export function zipkinTraces(options: ZipkinTracesOptions): TraceSource {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('zipkinTraces', options, remoteOptionNames)
  const zipkin = createRemote('ZIPKIN', remoteSettings(options))
  return {
    trace: (traceId, queryOptions) => answerTo(traceId, queryOptions, (request, answer) => ask(zipkin, request, answer)),
    search(query) {
      const request = inLowerCase(parseTimedSearch(query, { name: 'Zipkin' }))
      return handOut(request.limit, async () => {
        const path = '/api/v2/traces'
        const { json } = await zipkin.getJson({ path, params: paramsOf(request), signal: request.signal })
        if (!Array.isArray(json)) throw zipkin.badAnswer(path, 'JSON that is no list of traces')
        return foundIn(readZipkin(json), request)
      })
    },
  }
}

async function ask(zipkin: Remote, { traceId, signal }: TraceRequest, answer: AnswerDraft): Promise<void> {
  const path = `/api/v2/trace/${traceId.replace(/^0{16}/, '')}`
  const found = await unlessUnknown(zipkin.getJson({ path, signal }))
  if (found !== undefined) {
    if (!Array.isArray(found.json)) throw zipkin.badAnswer(path, 'JSON that is no list of spans')
    answer.add(readZipkin(found.json, traceId))
    return
  }
  // Zipkin says by a 404 that it does not know the trace; any other server, that it is no Zipkin.
  const services = await unlessUnknown(zipkin.getJson({ path: '/api/v2/services', signal }))
  if (!Array.isArray(services?.json)) throw zipkin.badAnswer(path, '404, and it has no /api/v2/services, which a Zipkin has')
}

/** As Zipkin writes the names of services and spans, whatever they were. */
function inLowerCase(request: TimedSearchRequest): TimedSearchRequest {
  const { service, operation, ...rest } = request.conditions
  const names = {
    ...(service !== undefined && { service: service.toLowerCase() }),
    ...(operation !== undefined && { operation: operation.toLowerCase() }),
  }
  return { ...request, conditions: { ...rest, ...names } }
}

/** Milliseconds for the window, microseconds for the duration. */
function paramsOf({ conditions, from, to, limit }: TimedSearchRequest): Record<string, string> {
  const { service, operation, status, minDurationNano, attributes } = conditions
  const endTs = (to + 999_999n) / 1_000_000n
  // What its query language cannot quote is sifted out once the traces are here.
  const queries = [
    ...attributes
      .filter(([key, value]) => !/[= ]/.test(key) && !/^ | and | $/.test(String(value)))
      .map(([key, value]) => `${key}=${value}`),
    ...(status === 'error' ? ['error'] : []),
  ]
  return {
    endTs: String(endTs),
    lookback: String(endTs - from / 1_000_000n),
    limit: String(limit + 1),
    ...(service !== undefined && { serviceName: service }),
    ...(operation !== undefined && { spanName: operation }),
    ...(minDurationNano !== undefined && minDurationNano >= 1000n && { minDuration: String(minDurationNano / 1000n) }),
    ...(queries.length > 0 && { annotationQuery: queries.join(' and ') }),
  }
}
