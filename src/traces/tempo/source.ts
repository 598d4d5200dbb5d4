import { refuseUnknownOptions, SpanlogError, unexpected } from '../../errors.js'
import { createRemote, type JsonAnswer, type Remote } from '../../remote/client.js'
import { type RemoteOptions, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import { AnswerDraft, parseTraceRequest, type TraceRequest } from '../answer.js'
import { readSpans } from '../otlp.js'
import type { TraceSource } from '../types.js'

/** What `tempoTraces` takes. */
export interface TempoTracesOptions extends RemoteOptions {}

/**
 * Traces from Grafana Tempo, over its HTTP API: the second version, which tells a trace that is cut short, else the first, for servers
 * before 2.7. What Tempo itself says is cut short, and what of its answer cannot be read, costs the answer its completeness.
 *
 * Tempo looks in all of its blocks, whatever their time; a trace past its retention is unknown.
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
    async trace(given, queryOptions) {
      const request = parseTraceRequest(given, queryOptions)
      const answer = new AnswerDraft(request.traceId)
      try {
        await ask(tempo, request, answer)
      } catch (error) {
        answer.incomplete(error)
      }
      return answer.result()
    },
  }
}

async function ask(tempo: Remote, { traceId, signal }: TraceRequest, answer: AnswerDraft): Promise<void> {
  const v2 = `/api/v2/traces/${traceId}`
  const second = await tempo.getJson({ path: v2, signal, handle: [404] })
  if (second.ok) {
    // Of an unknown trace: `{ trace: {}, metrics: {} }`.
    const { trace, status, message, metrics } = fields(tempo, v2, second)
    if (!isObject(trace ?? metrics)) throw tempo.badAnswer(v2, 'JSON that has no `trace`')
    if (status === 'PARTIAL' || status === 1) answer.incomplete(partial(typeof message === 'string' ? message : 'a partial trace'))
    answer.add(readSpans(trace ?? {}, traceId))
    return
  }

  const v1 = `/api/traces/${traceId}`
  const first = await tempo.getJson({ path: v1, signal, handle: [404] })
  if (first.ok) {
    const trace = fields(tempo, v1, first)
    if (!('batches' in trace || 'resourceSpans' in trace)) throw tempo.badAnswer(v1, 'JSON that has no `batches`')
    if (first.status === 206) answer.incomplete(partial('a partial trace'))
    answer.add(readSpans(trace, traceId))
    return
  }

  // An old Tempo says by a 404 that it does not know the trace; any other server, that it is no Tempo.
  const echo = await tempo.getText({ path: '/api/echo', signal, handle: [404] })
  if (!echo.ok || echo.text.trim() !== 'echo') throw tempo.badAnswer(v1, '404, and it has no /api/echo, which a Tempo has')
}

function fields(tempo: Remote, path: string, answer: JsonAnswer & { ok: true }): Record<string, unknown> {
  if (!isObject(answer.json)) throw tempo.badAnswer(path, 'JSON that is no object')
  return answer.json
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function partial(message: string): SpanlogError {
  return new SpanlogError('TEMPO_PARTIAL', `Tempo returned a part of the trace only (${message})`)
}
