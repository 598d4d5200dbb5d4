import { SpanlogError, unexpected } from '../errors.js'
import type { Trace } from '../traces/index.js'
import { count } from '../view/count.js'
import { extentOf } from '../view/extent.js'
import { drawComparison } from '../view/terminal/comparison.js'
import { formatDuration } from '../view/terminal/duration.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf } from './exit.js'
import { gatherTrace, isWhole } from './gather.js'
import { jsonText } from './json.js'
import { manyFlags, type Reading, readMany, withPlaces } from './many.js'
import { outputFlags } from './options.js'
import type { Session } from './session.js'
import { noSource, type Places, traceSources } from './sources.js'
import { findTraceId, holdsTraceId } from './trace-id.js'
import { verdictText } from './verdict.js'

const flags = {
  ...manyFlags,
  by: {
    type: 'string',
    value: '<attribute>',
    help: 'two values of this attribute instead of two traces, such as service.version: what a release changed',
  },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog compare`: what two traces, or the traces of two releases, do differently. */
export const compare = defineCommand({
  usage: '<trace-id> <trace-id> | --by <attribute> <before> <after>  [file or folder ...]',
  flags,
  examples: ['spanlog compare <fast-id> <slow-id> logs/', 'spanlog compare --by service.version 1.4 1.5 --from 2h --service orders'],
  help: [
    [
      'Two traces differ where a call takes 1 ms and 20 % more or less, or where there',
      'are other calls. With --by all traces of the window that have a span with the',
      'one value are held against those with the other, and only what is more than',
      'chance is shown; traces with both are left out. With --service the attribute',
      'must stand on a span of that service.',
      'With --json: { before, after, comparison, verdict }.',
    ],
  ],
  async run({ values, positionals }, session) {
    const { sides, files } = sidesOf(values, positionals)
    return withPlaces(values, files, session, async (places) => {
      const [before, after, left] =
        values.by === undefined ? await two(sides, places, session) : await releases(values.by, sides, values, places, session)
      const claim = { complete: before.complete && after.complete, reasons: [...before.reasons, ...after.reasons] }
      const isAny = before.traces.length > 0 && after.traces.length > 0
      if (isAny || values.json === true) await print(before.traces, after.traces, sides, claim, values, session)
      const what = `${count(before.traces.length, 'trace')} against ${count(after.traces.length, 'trace')}`
      if (values.json !== true)
        await session.note(verdictText(`${what}${left === 0 ? '' : `, ${left} with both left out`}`, claim, values.verbose))
      return exitCodeOf(isAny, claim.complete)
    })
  },
})

type Sides = readonly [before: string, after: string]

function sidesOf({ by }: Values, words: readonly string[]): { sides: Sides; files: string[] } {
  const [before, after, ...files] = words
  if (before === undefined || after === undefined) {
    const what = by === undefined ? 'two trace IDs' : `two values of ${by}`
    throw new SpanlogError('INVALID_OPTION', `Expected ${what}, got ${count(words.length, 'word')}`, {
      remedy: 'see spanlog compare --help',
    })
  }
  const stray = by === undefined ? files.find((file) => holdsTraceId(file) && !file.includes('/') && !file.includes('.')) : undefined
  if (stray !== undefined) throw unexpected('compare', 'two trace IDs, then files', stray)
  return { sides: by === undefined ? [findTraceId(before), findTraceId(after)] : [before, after], files }
}

async function two(sides: Sides, places: Places, { signal }: Session): Promise<[Reading, Reading, number]> {
  const traces = await traceSources(places)
  if (traces.length === 0) throw noSource('--file, --tempo, --jaeger or --zipkin')
  const readings = await Promise.all(
    sides.map(async (id): Promise<Reading> => {
      const found = await gatherTrace(id, { traces, logs: [] }, { signal })
      const trace = found.spans?.trace
      return { traces: trace === undefined ? [] : [trace], complete: isWhole(found), reasons: found.spans?.reasons ?? [] }
    }),
  )
  return [readings[0]!, readings[1]!, 0]
}

async function releases(by: string, sides: Sides, values: Values, places: Places, session: Session): Promise<[Reading, Reading, number]> {
  const [before, after] = await Promise.all(sides.map((value) => readMany(values, places, session, { attributes: { [by]: value } })))
  // While a release is rolled out a trace may run through both: it tells of neither.
  const [old, now] = [idsOf(before!), idsOf(after!)]
  return [without(before!, now), without(after!, old), [...old].filter((id) => now.has(id)).length]
}

function idsOf({ traces }: Reading): Set<string> {
  return new Set(traces.map(({ traceId }) => traceId))
}

function without(reading: Reading, others: ReadonlySet<string>): Reading {
  return { ...reading, traces: reading.traces.filter(({ traceId }) => !others.has(traceId)) }
}

async function print(
  before: Trace[],
  after: Trace[],
  [beforeName, afterName]: Sides,
  verdict: { complete: boolean; reasons: Reading['reasons'] },
  { by, json, 'no-color': plain }: Values,
  { width, color, print: write }: Session,
): Promise<void> {
  const { compareTraces } = await import('../analysis/index.js')
  const comparison = compareTraces(before, after)
  if (json === true) return write(`${jsonText({ before: beforeName, after: afterName, comparison, verdict })}\n`)
  const options = { ...(width !== undefined && { width }), color: color && plain !== true }
  const sizeOf = (traces: Trace[]) => (by === undefined ? traces.map(sizeText).join() : count(traces.length, 'trace'))
  const [old, now] = [
    { name: beforeName, size: sizeOf(before) },
    { name: afterName, size: sizeOf(after) },
  ]
  for (const row of drawComparison(comparison, [old, now], options)) await write(`${row}\n`)
}

function sizeText({ spans }: Trace): string {
  const [start, end] = extentOf(spans)
  return `${formatDuration(end - start)}, ${count(spans.length, 'span')}`
}
