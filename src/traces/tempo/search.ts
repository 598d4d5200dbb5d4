import type { Remote } from '../../remote/client.js'
import { paddedId, unixNano } from '../otlp-values.js'
import { type Found, isWithin, type SpanConditions, type TimedSearchRequest } from '../search.js'
import type { TraceSummary } from '../types.js'

/**
 * Asks for one trace more than the limit, so that an answer of just as many is not taken for a cut one. Tempo's window is in whole seconds: what
 * it finds beside the caller's is left out, and where that leaves too few, more are asked for.
 */
export async function searchTempo(tempo: Remote, request: TimedSearchRequest): Promise<Found> {
  const { limit } = request
  for (let asked = limit + 1; ; asked *= 8) {
    const { summaries, reasons } = await ask(tempo, request, asked)
    const inside = summaries.filter((summary) => isWithin(summary, request))
    if (inside.length > limit) return { summaries: inside, reasons: [] }
    if (summaries.length < asked) return { summaries: inside, reasons }
    if (asked >= mostAsked) return { summaries: inside, reasons: [crowdedOut(summaries.length, inside.length)] }
  }
}

/** From here on the newest are not asked for again to get at those of the window. */
const mostAsked = 10_000

function crowdedOut(found: number, inside: number): Found['reasons'][number] {
  const message = `of the newest ${found} traces that Tempo found, ${inside} are in the window; there may be more: narrow the search`
  return { code: 'STORE_LIMIT', message }
}

async function ask(tempo: Remote, { from, to, query, conditions, signal }: TimedSearchRequest, limit: number): Promise<Found> {
  const path = '/api/search'
  const params = {
    q: query ?? traceQl(conditions),
    start: String(from / second),
    end: String((to + second - 1n) / second),
    limit: String(limit),
  }
  const { json } = await tempo.getJson({ path, params, signal })
  const { traces = [], metrics = {} } = (typeof json === 'object' && json !== null ? json : {}) as { traces?: unknown; metrics?: unknown }
  const isAnswer = json !== null && typeof json === 'object' && Array.isArray(traces) && typeof metrics === 'object'
  if (!isAnswer) throw tempo.badAnswer(path, 'JSON that has no list of `traces`')
  const { completedJobs = 0, totalJobs = 0 } = (metrics ?? {}) as { completedJobs?: number; totalJobs?: number }
  const unread = { code: 'STORE_LIMIT', message: `Tempo ended the search after ${completedJobs} of its ${totalJobs} parts` }
  try {
    const summaries = traces.map((found) => readSummary(found as FoundTrace))
    return { summaries, reasons: completedJobs < totalJobs ? [unread] : [] }
  } catch (error) {
    throw tempo.badAnswer(path, `a trace that cannot be read (${(error as Error).message})`)
  }
}

const second = 1_000_000_000n

/**
 * The conditions in TraceQL. `most_recent` makes Tempo give the newest where there are more than the limit; without it, any.
 *
 * @see https://grafana.com/docs/tempo/latest/traceql/construct-traceql-queries/
 */
export function traceQl({ service, operation, status, minDurationNano, attributes, linkedTo }: SpanConditions): string {
  const parts = [
    ...(service === undefined ? [] : [`resource.service.name = ${literal(service)}`]),
    ...(operation === undefined ? [] : [`name = ${literal(operation)}`]),
    ...(status === undefined ? [] : [`status = ${status}`]),
    ...(minDurationNano === undefined ? [] : [`duration >= ${minDurationNano}ns`]),
    ...(linkedTo === undefined ? [] : [`link:traceID = ${literal(linkedTo)}`]),
    ...attributes.map(([key, value]) => attributeQl(`.${literal(key)}`, value)),
  ]
  return `{ ${parts.length === 0 ? 'true' : parts.join(' && ')} } with (most_recent=true)`
}

/** To Tempo 5 and 5.0 are of two types, to JavaScript they are one number. */
function attributeQl(name: string, value: string | number | boolean): string {
  if (!Number.isSafeInteger(value)) return `${name} = ${typeof value === 'string' ? literal(value) : value}`
  return `(${name} = ${value} || ${name} = ${value}.0)`
}

/** JSON's escapes are all among TraceQL's, which are Go's; half of a surrogate pair is not. */
function literal(text: string): string {
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\uFFFD'))
}

interface FoundTrace {
  traceID: unknown
  rootServiceName?: unknown
  rootTraceName?: unknown
  startTimeUnixNano: unknown
  durationMs?: unknown
  serviceStats?: Record<string, { spanCount?: number; errorCount?: number }>
}

/** Tempo cuts the zeros off the front of an ID, and writes of a root that it has not yet that it has not. */
function readSummary({ traceID, rootServiceName, rootTraceName, startTimeUnixNano, durationMs, serviceStats }: FoundTrace): TraceSummary {
  const stats = serviceStats === undefined ? undefined : Object.entries(serviceStats)
  const sum = (of: 'spanCount' | 'errorCount'): number => (stats ?? []).reduce((total, [, counts]) => total + (counts[of] ?? 0), 0)
  const hasRoot = typeof rootServiceName === 'string' && rootServiceName !== '' && !rootServiceName.startsWith('<root span not')
  return {
    traceId: paddedId('traceID', traceID, 32),
    ...(hasRoot && { rootService: rootServiceName, ...(typeof rootTraceName === 'string' && { rootName: rootTraceName }) }),
    startUnixNano: unixNano('startTimeUnixNano', startTimeUnixNano),
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
    ...(stats !== undefined && { spans: sum('spanCount'), errors: sum('errorCount'), services: stats.map(([service]) => service) }),
  }
}
