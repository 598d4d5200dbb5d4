import type { ErrorGroup } from '../analysis/index.js'
import type { Trace } from '../traces/index.js'
import type { Finding } from '../view/terminal/findings.js'

/** What a search says of each trace that it found by its spans. */
export async function findingsOf(traces: readonly Trace[]): Promise<Finding[]> {
  const { findErrors } = await import('../analysis/index.js')
  return traces.map((trace) => findingOf(trace, findErrors(trace).groups))
}

function findingOf({ traceId, spans }: Trace, groups: readonly ErrorGroup[]): Finding {
  const start = spans.reduce((least, { startUnixNano }) => (startUnixNano < least ? startUnixNano : least), spans[0]?.startUnixNano ?? 0n)
  const end = spans.reduce((most, { endUnixNano }) => (endUnixNano > most ? endUnixNano : most), start)
  const root = spans.find(({ parentSpanId }) => parentSpanId === undefined)
  const errors = groups.flatMap(({ type, origins }) => origins.map((origin) => ({ type, ...origin })))
  const first = errors.reduce<(typeof errors)[number] | undefined>(
    (earliest, error) => (earliest === undefined || error.atUnixNano < earliest.atUnixNano ? error : earliest),
    undefined,
  )
  return {
    traceId,
    startUnixNano: start,
    durationMs: Number(end - start) / 1e6,
    ...(root !== undefined && { root: { service: root.service, name: root.name } }),
    spans: { count: spans.length, errors: errors.length },
    services: [...new Set(spans.map(({ service }) => service))],
    ...(first !== undefined && {
      firstError: {
        timeUnixNano: first.atUnixNano,
        service: first.service,
        // `error` stands for a type that nobody recorded.
        message: first.message === undefined ? first.type : first.type === 'error' ? first.message : `${first.type}: ${first.message}`,
      },
    }),
  }
}

/**
 * What was found by lines and what was found by spans, newest first: each trace once.
 *
 * @param both - leave out what only one of them found
 */
export function joinFindings(byLines: readonly Finding[], bySpans: readonly Finding[], both: boolean): Finding[] {
  const joined = new Map(byLines.map((finding) => [finding.traceId, finding]))
  const shared: Finding[] = []
  for (const finding of bySpans) {
    const known = joined.get(finding.traceId)
    const whole = known === undefined ? finding : joinTwo(known, finding)
    joined.set(finding.traceId, whole)
    if (known !== undefined) shared.push(whole)
  }
  const all = both ? shared : [...joined.values()]
  return all.toSorted((a, b) => compare(b.startUnixNano ?? 0n, a.startUnixNano ?? 0n))
}

function joinTwo(lines: Finding, spans: Finding): Finding {
  const [first] = [spans.firstError ?? [], lines.firstError ?? []].flat().toSorted((a, b) => compare(inMs(a), inMs(b)))
  return {
    ...lines,
    ...spans,
    services: [...new Set([...spans.services, ...lines.services])],
    ...(first !== undefined && { firstError: first }),
  }
}

/** Lines tell milliseconds only; in the same one the span knows better what was thrown. */
function inMs({ timeUnixNano = 0n }: Required<Finding>['firstError']): bigint {
  return timeUnixNano / 1_000_000n
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
