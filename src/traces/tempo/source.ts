import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { createRemote, type Remote } from '../../remote/client.js'
import { type RemoteOptions, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import { unlessUnknown } from '../../remote/refusal.js'
import { type AnswerDraft, answerTo, type TraceRequest } from '../answer.js'
import { isObject, tempoPartial } from '../documents.js'
import { readSpans } from '../otlp.js'
import { handOut, parseTimedSearch } from '../search.js'
import type { TraceSource } from '../types.js'
import { searchTempo } from './search.js'

/** What `tempoTraces` takes. */
export interface TempoTracesOptions extends RemoteOptions {}

/**
 * Traces from Grafana Tempo, over its HTTP API: the second version, which tells a trace that is cut short, else the first, for servers
 * before 2.7. What Tempo itself says is cut short, and what of its answer cannot be read, costs the answer its completeness.
 *
 * Tempo looks in all of its blocks, whatever their time; a trace past its retention is unknown. It is found by a search some seconds
 * after it came, up to half a minute, and one search may span a week by Tempo's own limit.
 *
 * @throws SpanlogError INVALID_URL, INVALID_OPTION
 * @example
 * ```ts
 * const tempo = tempoTraces({ url: 'http://localhost:3200', tenant: 'shop' })
 * const { trace, complete, reasons } = await tempo.trace('0af7651916cd43dd8448eb211c80319c')
 * ```
 * @see https://grafana.com/docs/tempo/latest/api_docs/
 */
export function tempoTraces(options: TempoTracesOptions): TraceSource {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('tempoTraces', options, remoteOptionNames)
  const tempo = createRemote('TEMPO', remoteSettings(options))
  return {
    trace: (traceId, queryOptions) => answerTo(traceId, queryOptions, (request, answer) => ask(tempo, request, answer)),
    search(query) {
      const request = parseTimedSearch(query, { name: 'Tempo', language: 'TraceQL', links: true })
      return handOut(request.limit, () => searchTempo(tempo, request))
    },
  }
}

/** A trace that took as long as it may is asked for once more only: half a minute goes by each time. */
const timeoutRetries = 1

async function ask(tempo: Remote, { traceId, signal }: TraceRequest, answer: AnswerDraft): Promise<void> {
  const v2 = `/api/v2/traces/${traceId}`
  const second = await unlessUnknown(tempo.getJson({ path: v2, signal, timeoutRetries }))
  if (second !== undefined) {
    // Of an unknown trace: `{ trace: {}, metrics: {} }`.
    const { trace, status, message, metrics } = fields(tempo, v2, second.json)
    if (!isObject(trace ?? metrics)) throw tempo.badAnswer(v2, 'JSON that has no `trace`')
    if (status === 'PARTIAL' || status === 1) answer.incomplete(tempoPartial(message))
    answer.add(readSpans(trace ?? {}, traceId))
    return
  }

  const v1 = `/api/traces/${traceId}`
  const first = await unlessUnknown(tempo.getJson({ path: v1, signal, timeoutRetries }))
  if (first !== undefined) {
    const trace = fields(tempo, v1, first.json)
    if (!('batches' in trace || 'resourceSpans' in trace)) throw tempo.badAnswer(v1, 'JSON that has no `batches`')
    if (first.status === 206) answer.incomplete(tempoPartial(undefined))
    answer.add(readSpans(trace, traceId))
    return
  }

  // An old Tempo says by a 404 that it does not know the trace; any other server, that it is no Tempo.
  const echo = await unlessUnknown(tempo.getText({ path: '/api/echo', signal }))
  if (echo?.trim() !== 'echo') throw tempo.badAnswer(v1, '404, and it has no /api/echo, which a Tempo has')
}

function fields(tempo: Remote, path: string, json: unknown): Record<string, unknown> {
  if (!isObject(json)) throw tempo.badAnswer(path, 'JSON that is no object')
  return json
}
