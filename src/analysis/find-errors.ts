import { refuseUnknownOptions, unexpected } from '../errors.js'
import type { LogEntry } from '../logs/types.js'
import type { Trace } from '../traces/types.js'
import { type Outage, outagesOf, Successes } from './error-outages.js'
import { type Spread, spreadOf } from './error-spread.js'
import { failureOf } from './failure.js'
import { isErrorLine, LineIndex } from './line-index.js'
import { about, keyOf, refOf, type SpanRef } from './span-ref.js'
import { type Counted, Tally } from './tally.js'
import { listOf, type Traces } from './traces-given.js'
import { buildTree, compare, type SpanNode } from './tree.js'

/** Where an error began: the deepest failed span, which no failure below explains. */
export interface ErrorOrigin extends SpanRef {
  /** When the exception was recorded, else the end of the span. */
  atUnixNano: bigint
  message?: string
  /** The spans above that failed with it, nearest first; at most 100. */
  spread: SpanRef[]
  /** The last span above that failed with it: the origin itself, where it spread no further. */
  outermost: SpanRef
  /** The span above that it did not fail: who caught the error, or tried again. Absent where nothing stopped it. */
  handledBy?: SpanRef
  /** A later attempt at the same succeeded. */
  retried?: true
  /**
   * The origin of the error below that somebody caught right before this one began, as who answers 502 after a call was refused. What
   * came before is a likely cause; that it was one, a trace cannot prove.
   */
  causedBy?: SpanRef
  /** Log lines around it, in time order; see `lines`. */
  lines: LogEntry[]
}

/** Errors of one type that began in one service. */
export interface ErrorGroup {
  service: string
  /** The exception's type; else `error.type`, `HTTP 503`, `gRPC 14`, or `error` where the span has no word for it. */
  type: string
  /** Of the first of them. */
  message?: string
  count: number
  /** Traces that have at least one. */
  traces: number
  firstUnixNano: bigint
  lastUnixNano: bigint
  /** The operations in which they began, most first. */
  operations: Counted[]
  /** The outermost operations that failed with them: what a caller noticed. Most first. */
  hit: Counted[]
  /** Services that failed with them, their own included. */
  services: string[]
  /** Errors that a span above caught, so that it did not fail. */
  handled: number
  /** How long each of `operations` was broken, in time order. */
  outages: Outage[]
  /** In time order. */
  origins: ErrorOrigin[]
}

export interface ErrorReport {
  /** Most errors first, then the earliest. */
  groups: ErrorGroup[]
  /** Lines of level error and above in traces of which no span failed: somebody saw an error and did not mark the span. */
  unmarked: LogEntry[]
}

export interface FindErrorsOptions {
  /** Log lines, in any order; those of other traces, and mentions, are passed over. */
  entries?: Iterable<LogEntry>
  /** How many lines to show around each origin: those of its span first, then the nearest of the trace. @defaultValue 10 */
  lines?: number
}

/**
 * What went wrong: errors grouped by type and service, where each began, how it spread, what it hit, and how long until it recovered.
 *
 * ```
 * GET /cart!  |------------------|       hit
 * load        |-----------------|        let it through: internal, not marked
 * SELECT!        |----|                  origin of the first: the second attempt succeeded, so it ended here
 * SELECT                |---|            … and recovered
 * charge!                    |--|        origin of the second; spread to GET /cart
 * ```
 *
 * A span has failed if its status is `error`, or is unset beside an `error.type`. An error spreads to the nearest failed span above it,
 * through internal spans that nobody marked; a status of `ok`, a call or an answer that did not fail, and a later sibling that did the
 * same and succeeded stop it, and it never crosses from a consumer to its producer. O(n log n) in spans and lines.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const { groups } = findErrors(trace, { entries })
 * for (const { type, service, count, origins } of groups) console.log(`${count} × ${type} in ${service}`, origins[0]?.message)
 * ```
 */
export function findErrors(traces: Traces, options: FindErrorsOptions = {}): ErrorReport {
  refuseUnknownOptions('findErrors', options, ['entries', 'lines'])
  const { entries = [], lines = 10 } = options
  if (!Number.isInteger(lines) || lines < 0) throw unexpected('lines', 'a whole number from 0', lines)
  const index = new LineIndex(entries)
  const all = listOf(traces)
  const groups = new Map<string, Found[]>()
  const unmarked: LogEntry[] = []
  for (const trace of all) {
    const found = originsOf(trace, index, lines)
    if (found.length === 0) {
      for (const entry of index.of(trace.traceId)) if (isErrorLine(entry)) unmarked.push(entry)
    }
    for (const one of found) {
      const key = keyOf(one.origin.service, one.type)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [one])
      else group.push(one)
    }
  }
  const successes = new Successes(all, new Set([...groups.values()].flat().map(({ origin }) => origin)))
  const ranked = [...groups.values()].map((found) => groupOf(found, successes))
  return { groups: ranked.toSorted((a, b) => b.count - a.count || compare(a.firstUnixNano, b.firstUnixNano)), unmarked }
}

interface Found {
  type: string
  origin: ErrorOrigin
  services: string[]
}

const MAX_SPREAD = 100

function originsOf(trace: Trace, index: LineIndex, lines: number): Found[] {
  const errors = spreadOf(buildTree(trace).roots)
  const { origins, failedAbove, handledBy, outermost, retried } = errors
  const causes = causesOf(errors)
  return origins.map((node): Found => {
    const { type, message, atUnixNano } = failureOf(node.span)
    const cause = causes.get(node)
    const spread: SpanRef[] = []
    let above: SpanNode | undefined = failedAbove.get(node)
    for (; above !== undefined && spread.length < MAX_SPREAD; above = failedAbove.get(above)) spread.push(refOf(above.span))
    const last = outermost.get(node) ?? node
    const handler = handledBy.get(last)
    const origin: ErrorOrigin = about(node.span, {
      atUnixNano,
      ...(message !== undefined && { message }),
      spread,
      outermost: refOf(last.span),
      ...(handler !== undefined && { handledBy: refOf(handler.span) }),
      ...(retried.has(last) && { retried: true as const }),
      ...(cause !== undefined && { causedBy: refOf(cause.span) }),
      lines: index.around(node.span, atUnixNano, lines),
    })
    return { type, origin, services: [origin, ...spread, origin.outermost].map(({ service }) => service) }
  })
}

function beganAt({ span }: SpanNode): bigint {
  return failureOf(span).atUnixNano
}

/** Of each origin the one below it that ended last before it began. */
function causesOf({ origins, outermost, failedOver, retried }: Spread): Map<SpanNode, SpanNode> {
  const own = new Set(origins)
  const causes = new Map<SpanNode, SpanNode>()
  for (const node of origins) {
    const last = outermost.get(node) ?? node
    const over = failedOver.get(last)
    if (over === undefined || !own.has(over) || retried.has(last) || beganAt(node) > beganAt(over)) continue
    const known = causes.get(over)
    if (known === undefined || beganAt(known) < beganAt(node)) causes.set(over, node)
  }
  return causes
}

function groupOf(found: Found[], successes: Successes): ErrorGroup {
  const origins = found.map(({ origin }) => origin).toSorted((a, b) => compare(a.atUnixNano, b.atUnixNano))
  const operations = new Tally()
  const hit = new Tally()
  for (const origin of origins) {
    operations.add(origin)
    hit.add(origin.outermost)
  }
  const [first] = origins
  return {
    service: first!.service,
    type: found[0]!.type,
    ...(first!.message !== undefined && { message: first!.message }),
    count: origins.length,
    traces: new Set(origins.map(({ traceId }) => traceId)).size,
    firstUnixNano: first!.atUnixNano,
    lastUnixNano: origins.at(-1)!.atUnixNano,
    operations: operations.ranked(),
    hit: hit.ranked(),
    services: [...new Set(found.flatMap(({ services }) => services))],
    handled: origins.filter(({ handledBy }) => handledBy !== undefined).length,
    outages: outagesOf(origins, successes),
    origins,
  }
}
