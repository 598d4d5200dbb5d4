import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { createRemote, type Remote } from '../../remote/client.js'
import { type RemoteOptions, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import { refusalOf } from '../../remote/refusal.js'
import { type AnswerDraft, answerTo, type TraceRequest } from '../answer.js'
import type { ReadSpans } from '../collector.js'
import { spanDocument } from '../documents.js'
import { foundIn } from '../found.js'
import { handOut, parseTimedSearch } from '../search.js'
import type { TraceSource } from '../types.js'
import { jaegerParams, jaegerV1Params } from './params.js'

/** What `jaegerTraces` takes. */
export interface JaegerTracesOptions extends RemoteOptions {}

/**
 * Traces from Jaeger, over the HTTP API of its query service (port 16686): the third version, which has nanoseconds and whole links,
 * else the first, for servers before 1.50. The spans are as they were stored, without Jaeger's own adjustments: for a correction of
 * clocks that disagree see `correctClockSkew` of `spanlog/analysis`.
 *
 * A search asks for whole traces, and holds each against what was asked for, span by span. Most of Jaeger's stores need `service`.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION
 * @example
 * ```ts
 * const jaeger = jaegerTraces({ url: 'http://localhost:16686' })
 * for await (const found of jaeger.search({ service: 'orders', status: 'error', from: '1h' })) console.log(found)
 * ```
 * @see https://www.jaegertracing.io/docs/latest/architecture/apis/
 */
export function jaegerTraces(options: JaegerTracesOptions): TraceSource {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('jaegerTraces', options, remoteOptionNames)
  const jaeger = createRemote('JAEGER', remoteSettings(options))
  return {
    trace: (traceId, queryOptions) => answerTo(traceId, queryOptions, (request, answer) => ask(jaeger, request, answer)),
    search(query) {
      const request = parseTimedSearch(query, { name: 'Jaeger' })
      return handOut(request.limit, async () => {
        const { signal } = request
        const found =
          (await spansOf(jaeger, { path: '/api/v3/traces', params: jaegerParams(request), signal })) ??
          (await spansOf(jaeger, { path: '/api/traces', params: jaegerV1Params(request), signal }))
        if (found === undefined) throw noJaeger(jaeger, '/api/traces')
        return foundIn(found, request)
      })
    },
  }
}

async function ask(jaeger: Remote, { traceId, signal }: TraceRequest, answer: AnswerDraft): Promise<void> {
  const v1 = `/api/traces/${traceId}`
  const found =
    // The old spelling of the parameter, which newer servers understand too.
    (await spansOf(jaeger, { path: `/api/v3/traces/${traceId}`, params: { raw_traces: 'true' }, signal }, traceId)) ??
    (await spansOf(jaeger, { path: v1, params: { raw: 'true' }, signal }, traceId))
  if (found === undefined) throw noJaeger(jaeger, v1)
  answer.add(found)
  if (found.partial !== undefined) answer.incomplete(found.partial)
}

interface Question {
  path: string
  params: Record<string, string>
  signal: AbortSignal | undefined
}

/** `undefined` where the server does not know the path; no spans where it knows it, and no such trace. */
async function spansOf(jaeger: Remote, question: Question, wanted?: string): Promise<(ReadSpans & { partial?: unknown }) | undefined> {
  try {
    const { json } = await jaeger.getJson(question)
    // Nothing found: `{ data: [] }` or `{ result: {} }`.
    const document = spanDocument(json)
    if (document !== undefined) return { ...pick(document.read(wanted)), partial: document.partial }
    if (isEmpty(json)) return { spans: [], skipped: 0 }
    throw jaeger.badAnswer(question.path, 'JSON that holds no spans of Jaeger')
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal?.status !== 404) throw error
    return isJaegerRefusal(refusal.text) ? { spans: [], skipped: 0 } : undefined
  }
}

function pick({ spans, skipped, problem }: ReadSpans): ReadSpans {
  return { spans, skipped, problem }
}

function isEmpty(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false
  const { data, result } = json as { data?: unknown; result?: unknown }
  if (Array.isArray(data)) return data.length === 0
  return typeof result === 'object' && result !== null && Object.keys(result).length === 0
}

/** Of a trace that it does not know Jaeger says so in JSON; of a path that it does not know, as any server does. */
function isJaegerRefusal(text: string): boolean {
  try {
    const { errors, error } = JSON.parse(text) as { errors?: unknown; error?: unknown }
    return Array.isArray(errors) || (typeof error === 'object' && error !== null)
  } catch {
    return false
  }
}

function noJaeger(jaeger: Remote, path: string): Error {
  return jaeger.badAnswer(path, '404, and not as a Jaeger says that it does not know a trace')
}
