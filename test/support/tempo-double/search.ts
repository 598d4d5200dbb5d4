import type { Attribute, StoredSpan, TempoStore } from './store.js'

/**
 * Tempo's search, for as much of TraceQL as this project writes: conditions joined by `&&`, alternatives in brackets. Whether Tempo means
 * the same by it is shown by the contract's run against a real one.
 *
 * @throws Error with the text of a refusal
 */
export function search(store: TempoStore, params: URLSearchParams): object {
  const limit = Number(params.get('limit') ?? 20)
  if (!(limit > 0)) throw new Error('invalid limit: must be a positive number')
  if (limit > 262_144) throw new Error(`limit ${limit} exceeds max limit 262144`)
  const [start, end] = [Number(params.get('start')), Number(params.get('end'))]
  if (end - start > 168 * 3600) {
    throw new Error(`range specified by start and end exceeds 168h0m0s. received start=${start} end=${end}`)
  }
  const isWanted = compile(params.get('q') ?? '{}')
  const traces = store
    .traceIds()
    .map((traceId) => ({ traceId, spans: store.spans(traceId) }))
    .filter(({ spans }) => spans.some(isWanted))
    .map(summarize)
    .filter(({ from, to }) => (end === 0 || from <= end * 1e9) && to >= start * 1e9)
    .toSorted((a, b) => b.from - a.from)
    .slice(0, limit)
  return { traces: traces.map(({ json }) => json), metrics: { inspectedBytes: '1', completedJobs: 3, totalJobs: 3 } }
}

function summarize({ traceId, spans }: { traceId: string; spans: StoredSpan[] }): { from: number; to: number; json: object } {
  const times = spans.map(({ span }) => [BigInt(span.startTimeUnixNano), BigInt(span['endTimeUnixNano'] as string)] as const)
  const from = times.map(([at]) => at).reduce((a, b) => (b < a ? b : a))
  const to = times.map(([, at]) => at).reduce((a, b) => (b > a ? b : a))
  const root = spans.find(({ span }) => !span['parentSpanId'])
  const stats: Record<string, { spanCount: number; errorCount?: number }> = {}
  for (const stored of spans) {
    const counts = (stats[serviceOf(stored)] ??= { spanCount: 0 })
    counts.spanCount++
    if (statusOf(stored) === 'error') counts.errorCount = (counts.errorCount ?? 0) + 1
  }
  const json = {
    traceID: traceId.replace(/^0+/, ''),
    rootServiceName: root === undefined ? '<root span not yet received>' : serviceOf(root),
    ...(root !== undefined && { rootTraceName: root.span['name'] }),
    startTimeUnixNano: String(from),
    ...(to - from >= 1_000_000n && { durationMs: Number((to - from) / 1_000_000n) }),
    serviceStats: stats,
  }
  return { from: Number(from), to: Number(to), json }
}

function compile(query: string): (stored: StoredSpan) => boolean {
  const [, inside] = /^\{\s*(.*?)\s*\}(?: with \(most_recent=true\))?$/s.exec(query) ?? []
  if (inside === undefined) throw new Error(`invalid TraceQL query: parse error at line 1, col ${query.length}: syntax error`)
  if (inside === '' || inside === 'true') return () => true
  const tests = splitOutsideText(inside, ' && ').map((part) =>
    splitOutsideText(part.replace(/^\((.*)\)$/s, '$1'), ' || ').map((either) => compileOne(either)),
  )
  return (stored) => tests.every((either) => either.some((test) => test(stored)))
}

function compileOne(text: string): (stored: StoredSpan) => boolean {
  const [, name = '', value = ''] = /^(\."(?:[^"\\]|\\.)*"|[a-zID:.]+) (?:=|>=) (.+)$/s.exec(text) ?? []
  if (name === 'status') return (stored) => statusOf(stored) === value
  if (name === 'duration') return ({ span }) => durationOf(span) >= BigInt(value.replace(/ns$/, ''))
  if (name === 'name') return ({ span }) => span['name'] === JSON.parse(value)
  if (name === 'link:traceID')
    return ({ span }) => ((span['links'] ?? []) as { traceId: string }[]).some(({ traceId }) => traceId === JSON.parse(value))
  if (name === 'resource.service.name') return (stored) => serviceOf(stored) === JSON.parse(value)
  if (!name.startsWith('."')) throw new Error(`invalid TraceQL query: parse error at line 1, col 3: unknown identifier: ${text}`)
  const key = JSON.parse(name.slice(1)) as string
  return ({ span, resource }) =>
    [...((span['attributes'] ?? []) as Attribute[]), ...resource].some((attribute) => attribute.key === key && isEqual(attribute, value))
}

/** By type: 5 is no 5.0, and no "5". */
function isEqual({ value }: Attribute, literal: string): boolean {
  if (literal.startsWith('"')) return value.stringValue === JSON.parse(literal)
  if (literal === 'true' || literal === 'false') return value.boolValue === (literal === 'true')
  return /^-?\d+$/.test(literal) ? value.intValue === literal : value.doubleValue === Number(literal)
}

function splitOutsideText(text: string, separator: string): string[] {
  const texts: string[] = []
  const hidden = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (found) => `"${texts.push(found) - 1}"`)
  return hidden.split(separator).map((part) => part.replaceAll(/"(\d+)"/g, (_, index: string) => texts[Number(index)]!))
}

function durationOf(span: StoredSpan['span']): bigint {
  return BigInt(span['endTimeUnixNano'] as string) - BigInt(span.startTimeUnixNano)
}

function statusOf({ span }: StoredSpan): string {
  return ['unset', 'ok', 'error'][(span['status'] as { code?: number } | undefined)?.code ?? 0]!
}

function serviceOf({ resource }: StoredSpan): string {
  return resource.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
}
