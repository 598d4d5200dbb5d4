import { parseTraceId } from '../context/ids.js'
import { reasonOf, refuseUnknownOptions, unexpected } from '../errors.js'
import { assemble } from './assemble.js'
import type { ReadSpans } from './collector.js'
import { missingSpans } from './missing.js'
import type { TraceQueryOptions, TraceResult, TraceSpan } from './types.js'

/** A question, checked. */
export interface TraceRequest {
  traceId: string
  signal: AbortSignal | undefined
}

/** @throws SpanlogError INVALID_TRACE_ID, INVALID_OPTION */
export function parseTraceRequest(traceId: unknown, options: TraceQueryOptions = {}): TraceRequest {
  const parsed = parseTraceId(traceId)
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('trace', options, ['signal'])
  const { signal } = options
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw unexpected('signal', 'an AbortSignal', signal)
  return { traceId: parsed, signal }
}

/**
 * The answer to a question for one trace, as every source gives it.
 *
 * @param read - what it throws costs the answer its completeness, and leaves what was gathered until then
 * @throws SpanlogError INVALID_TRACE_ID, INVALID_OPTION
 */
export async function answerTo(
  traceId: unknown,
  options: TraceQueryOptions | undefined,
  read: (request: TraceRequest, answer: AnswerDraft) => Promise<void>,
): Promise<TraceResult> {
  const request = parseTraceRequest(traceId, options)
  const answer = new AnswerDraft(request.traceId)
  try {
    await read(request, answer)
  } catch (error) {
    answer.incomplete(error)
  }
  return answer.result()
}

/** Gathers what a source reads until it has its answer. Whatever is missing costs the answer its completeness. */
export class AnswerDraft {
  readonly #traceId: string
  readonly #spans: TraceSpan[] = []
  readonly #reasons: TraceResult['reasons'] = []
  #skipped = 0
  #problem: unknown

  constructor(traceId: string) {
    this.#traceId = traceId
  }

  add({ spans, skipped, problem }: ReadSpans): void {
    for (const span of spans) this.#spans.push(span)
    if (this.#skipped === 0) this.#problem = problem
    this.#skipped += skipped
  }

  /** An error, or a reason of the source's own. */
  incomplete(reason: unknown): void {
    this.#reasons.push(reasonOf(reason))
  }

  result(): TraceResult {
    const trace = assemble(this.#traceId, this.#spans)
    const reasons = [...this.#reasons]
    if (this.#skipped > 0) {
      const { code, message } = reasonOf(this.#problem)
      reasons.push({ code, message: `${this.#skipped} ${this.#skipped === 1 ? 'span' : 'spans'} left out. The first: ${message}` })
    }
    const missing = trace === undefined ? undefined : missingSpans(trace)
    if (missing !== undefined) reasons.push(missing)
    return { ...(trace !== undefined && { trace }), complete: reasons.length === 0, reasons }
  }
}
