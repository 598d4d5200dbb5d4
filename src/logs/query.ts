import { isRegExp } from 'node:util/types'
import { parseTraceId } from '../context/ids.js'
import { reasonOf, refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { severityOfName } from '../fields/severity.js'
import { type TraceForms, traceForms } from './needles.js'
import { parseTime } from './time.js'
import type { LogEntry, LogFollowOptions, LogQuery, LogQueryOptions, LogSearch, LogStats, LogVerdict } from './types.js'

/** What every question has, checked. */
export interface QueryFrame {
  /** Inclusive; nanoseconds since the epoch. */
  from: bigint | undefined
  /** Exclusive. */
  to: bigint | undefined
  signal: AbortSignal | undefined
  mentions: boolean
  maxBytes: number | undefined
}

/** A question for one trace. */
export interface LogRequest extends QueryFrame {
  forms: TraceForms
}

/** A question for lines of any trace; see `matches`. */
export interface SearchRequest extends QueryFrame {
  /** OpenTelemetry's number of the least severe level. */
  minSeverity: number | undefined
  service: string | undefined
  /** Without state: a RegExp has neither `g` nor `y`. */
  text: string | RegExp | undefined
  traced: boolean
  limit: number | undefined
  traces: number | undefined
}

/** @throws SpanlogError INVALID_TRACE_ID, INVALID_TIME, INVALID_OPTION */
export function parseRequest(traceId: unknown, options: LogQueryOptions = {}): LogRequest {
  const forms = traceForms(parseTraceId(traceId))
  return { forms, ...parseFrame('forTrace', options, ['from', 'to', 'signal', 'mentions', 'maxBytes']) }
}

/** @throws SpanlogError INVALID_TRACE_ID, INVALID_TIME, INVALID_OPTION */
export function parseFollow(traceId: unknown, options: LogFollowOptions = {}): LogRequest {
  const forms = traceForms(parseTraceId(traceId))
  return { forms, ...parseFrame('follow', options, ['from', 'signal', 'mentions']) }
}

const searchOptions = ['level', 'service', 'text', 'traced', 'from', 'to', 'limit', 'traces', 'signal', 'maxBytes'] as const

/** @throws SpanlogError INVALID_TIME, INVALID_OPTION */
export function parseSearch(query: LogSearch): SearchRequest {
  // All that is given must hold, and nothing is given: every line. No line is a mention where no trace is asked for.
  const frame = { ...parseFrame('search', query, searchOptions), mentions: true }
  const { level, service, text, traced = false, limit, traces } = query
  const minSeverity = typeof level === 'string' ? severityOfName(level.trim()) : undefined
  if (level !== undefined && minSeverity === undefined) throw unexpected('level', 'the name of a level, such as warn or error', level)
  if (service !== undefined && (typeof service !== 'string' || service === '')) throw unexpected('service', "a service's name", service)
  const isText = text === undefined || (typeof text === 'string' && text !== '') || isRegExp(text)
  if (!isText) throw unexpected('text', 'a string that is not empty, or a RegExp', text)
  if (typeof traced !== 'boolean') throw unexpected('traced', 'a boolean', traced)
  if (limit !== undefined) checkWhole('limit', limit)
  if (traces !== undefined) checkWhole('traces', traces)
  const stateless = typeof text === 'object' ? new RegExp(text.source, text.flags.replace(/[gy]/g, '')) : text
  return { ...frame, minSeverity, service, text: stateless, traced, limit, traces }
}

function parseFrame(where: string, options: LogQueryOptions, known: readonly string[]): QueryFrame {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, known)
  const { signal, mentions = false, maxBytes } = options
  if (typeof mentions !== 'boolean') throw unexpected('mentions', 'a boolean', mentions)
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw unexpected('signal', 'an AbortSignal', signal)
  if (maxBytes !== undefined) checkWhole('maxBytes', maxBytes)
  const now = Date.now()
  const from = options.from === undefined ? undefined : parseTime('from', options.from, now)
  const to = options.to === undefined ? undefined : parseTime('to', options.to, now)
  if (from !== undefined && to !== undefined && from >= to) {
    throw unexpected('from', `before \`to\` (${to}), which is exclusive`, from, 'INVALID_TIME')
  }
  return { from, to, signal, mentions, maxBytes }
}

function checkWhole(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw unexpected(name, 'a positive integer', value)
}

/** The verdict while the source reads. What the source leaves as it is means: not proven. */
export interface VerdictDraft {
  /** The source's claim, made last, that nothing is missing; it counts only if the caller read to the end. @defaultValue false */
  complete: boolean
  /** Mentions that the source did not yield; those that it yields are counted for it. */
  mentions: number
  skipped: number
  readonly reasons: { code: string; message: string }[]
  from: bigint | undefined
  to: bigint | undefined
  /** Counted by the source, and shown to the caller as it grows. */
  readonly stats: LogStats
}

export function verdictDraft({ from, to }: Pick<QueryFrame, 'from' | 'to'>): VerdictDraft {
  const stats: LogStats = { requests: 0, retries: 0, bytes: 0, storeBytes: 0, storeMs: 0 }
  return { complete: false, mentions: 0, skipped: 0, reasons: [], from, to, stats }
}

/**
 * What a source calls when it has read everything: without any reason against it, and without a line skipped, nothing is missing.
 *
 * @param proof - names the forms, the place and the window that it holds for
 */
export function conclude(draft: VerdictDraft, proof: string): void {
  const { skipped, reasons } = draft
  if (skipped > 0) {
    const lines = skipped === 1 ? '1 broken or overlong line holds' : `${skipped} broken or overlong lines hold`
    reasons.push({ code: 'LINES_SKIPPED', message: `${lines} the ID and cannot be told to be of the trace or not` })
  }
  draft.complete = reasons.length === 0
  if (draft.complete) reasons.push({ code: 'HOLDS_FOR', message: proof })
}

/**
 * The query that a source hands out.
 *
 * @param read - the source's reading: yields entries in time order, mentions among them (those not asked for are filtered here, or left
 *   out and counted by the source); what it throws ends the query and becomes a reason; its `finally` runs whenever the query ends
 */
export function logQuery(request: QueryFrame, read: (draft: VerdictDraft) => AsyncGenerator<LogEntry, void>): LogQuery {
  const { signal } = request
  const draft = verdictDraft(request)
  let yielded = 0
  let used = false
  let ended = false
  let settle: (verdict: LogVerdict) => void
  const settled = new Promise<LogVerdict>((resolve) => {
    settle = resolve
  })
  let abortStep: ((error: unknown) => void) | undefined
  const onAbort = (): void => abortStep?.(new SpanlogError('ABORTED', 'the signal of the query was aborted'))

  function end(problem?: { code: string; message: string }): IteratorReturnResult<undefined> {
    if (!ended) {
      ended = true
      signal?.removeEventListener('abort', onAbort)
      if (problem !== undefined) draft.reasons.push(problem)
      const { complete, mentions, skipped, reasons, from, to } = draft
      settle({
        complete: complete && problem === undefined,
        entries: yielded,
        mentions,
        skipped,
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        reasons: [...reasons],
      })
    }
    return { done: true, value: undefined }
  }

  function iterate(): AsyncIterator<LogEntry, undefined> {
    if (used) throw new SpanlogError('QUERY_USED', 'Expected a query that nobody has read yet; this one was read before')
    used = true
    const source = read(draft)
    signal?.addEventListener('abort', onAbort)

    async function step(): Promise<IteratorResult<LogEntry, undefined>> {
      for (;;) {
        if (ended) return end()
        let result: IteratorResult<LogEntry, void>
        try {
          // Not Promise.race with one promise for the whole query: that keeps a reaction per entry until the query ends.
          result = await new Promise((resolve, reject) => {
            abortStep = reject
            if (signal?.aborted) onAbort()
            else source.next().then(resolve, reject)
          })
        } catch (error) {
          // Not awaited: a source that hangs must not hold up an abort.
          source.return().catch(() => {})
          return end(reasonOf(error))
        }
        if (result.done) return end()
        if (result.value.mention) {
          draft.mentions++
          if (!request.mentions) continue
        }
        yielded++
        return { done: false, value: result.value }
      }
    }

    async function stop(): Promise<IteratorReturnResult<undefined>> {
      if (!ended) {
        end({ code: 'STOPPED_EARLY', message: 'the caller stopped reading before the end' })
        await source.return().catch(() => {})
      }
      return end()
    }

    // Calls are served one after the other, as a generator serves them.
    let tail: Promise<unknown> = Promise.resolve()
    const inTurn = <T>(serve: () => Promise<T>): Promise<T> => {
      const served = tail.then(serve)
      tail = served
      return served
    }
    return { next: () => inTurn(step), return: () => inTurn(stop) }
  }

  const query: LogQuery = {
    stats: draft.stats,
    [Symbol.asyncIterator]: iterate,
    async verdict() {
      if (!used) {
        const entries = iterate()
        while (!(await entries.next()).done);
      }
      return settled
    },
    async collect() {
      const entries: LogEntry[] = []
      for await (const entry of query) entries.push(entry)
      return { entries, verdict: await settled }
    },
  }
  return query
}
