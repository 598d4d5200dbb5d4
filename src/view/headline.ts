import { type Bottleneck, bottlenecks, type ErrorOrigin, type ErrorReport, type SpanRef } from '../analysis/index.js'
import type { Trace } from '../traces/types.js'
import { count } from './count.js'
import { extentOf } from './extent.js'
import { formatDuration } from './terminal/duration.js'

/**
 * What happened in a trace, in one sentence: where the error began and how far it went, and what took the time; not escaped. An error
 * that only lines tell of is said as such.
 *
 * @param errors - what `findErrors` found, with the lines
 * @param ranked - its bottlenecks by operation, likewise
 */
export function headlineOf(
  trace: Trace,
  errors: ErrorReport,
  ranked: readonly Bottleneck[] = bottlenecks(trace, { by: 'operation' }),
): string | undefined {
  if (trace.spans.length === 0) return undefined
  // Of a single span there is nothing to choose.
  const parts = [errorPart(errors) ?? linePart(errors, trace), timePart(trace, trace.spans.length === 1 ? undefined : ranked[0])]
  const said = parts.filter((part) => part !== undefined).join('; ')
  return said === '' ? undefined : `${said[0]!.toUpperCase()}${said.slice(1)}.`
}

function errorPart({ groups }: ErrorReport): string | undefined {
  const errors = groups.flatMap(({ type, origins }) => origins.map((origin) => ({ type, origin })))
  errors.sort((a, b) => (a.origin.atUnixNano < b.origin.atUnixNano ? -1 : 1))
  const byId = new Map(errors.map((error) => [keyOf(error.origin), error]))
  const causes = new Set(errors.flatMap(({ origin }) => (origin.causedBy === undefined ? [] : keyOf(origin.causedBy))))
  const effects = errors.filter(({ origin }) => !causes.has(keyOf(origin)))
  // What somebody above caught is seldom what the trace is looked at for.
  const effect = effects.find(({ origin }) => origin.handledBy === undefined) ?? effects[0]
  if (effect === undefined) return undefined
  const chain = new Set([effect])
  // Grows while it is read. Spans that share an ID could lead in a circle, and a set does not.
  for (const { origin } of chain) {
    const cause = origin.causedBy && byId.get(keyOf(origin.causedBy))
    if (cause !== undefined) chain.add(cause)
  }
  const first = [...chain].at(-1) ?? effect
  const { type, origin } = first
  const which = effects.length === 1 ? 'the error' : `one of ${effects.length} errors`
  const what = [type === 'error' ? undefined : type, origin.message].filter((text) => text !== undefined).join(': ')
  return `${which} began in ${quoted(origin)}${what === '' ? '' : ` (${oneLine(what)})`}${reachOf(origin, effect.origin)}`
}

function linePart({ unmarked }: ErrorReport, { spans }: Trace): string | undefined {
  const [first, ...others] = unmarked
  if (first === undefined) return undefined
  const span = spans.find(({ spanId }) => spanId === first.spanId)
  const who = span === undefined ? (first.service ?? 'somebody') : quoted(span)
  const what = oneLine(first.message ?? first.line)
  return `no span failed, but ${who} logged ${others.length === 0 ? 'an error' : `the first of ${count(unmarked.length, 'error')}`}${what === '' ? '' : `: ${what}`}`
}

function reachOf(origin: ErrorOrigin, { outermost, handledBy }: ErrorOrigin): string {
  const reached = keyOf(outermost) === keyOf(origin) ? '' : ` and reached ${quoted(outermost)}`
  return handledBy === undefined ? reached : `${reached}; ${quoted(handledBy)} did not fail with it`
}

function keyOf({ spanId, kind }: SpanRef): string {
  return `${kind} ${spanId}`
}

function timePart({ spans }: Trace, worst: Bottleneck | undefined): string | undefined {
  if (worst === undefined) return undefined
  const [start, end] = extentOf(spans)
  // The path is that of one root: others, and spans that clocks put elsewhere, are no part of it.
  const isWhole = Number(worst.pathNano) / worst.share >= 0.9 * Number(end - start)
  const calls = worst.spans === 1 ? '' : `${worst.spans} × `
  const share = `${Math.round(worst.share * 100)} % of the ${isWhole ? 'time' : 'critical path'} (${formatDuration(worst.pathNano)})`
  // `POST /orders` has said `/orders`.
  const target = worst.target === undefined || worst.name.endsWith(worst.target) ? '' : `: ${oneLine(worst.target)}`
  return `${share} went into ${calls}${quoted(worst)}${target}`
}

function quoted({ service, name }: { service: string; name: string }): string {
  return `${service} "${name}"`
}

const MAX_LENGTH = 160

function oneLine(text: string): string {
  const line = text
    .slice(0, 4 * MAX_LENGTH)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`
}
