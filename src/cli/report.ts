import type { Baseline, Budgets } from '../analysis/index.js'
import { parseTime } from '../logs/time.js'
import { type ReportInput, trafficReport } from '../view/report.js'
import { drawReport } from '../view/terminal/report.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf } from './exit.js'
import { jsonText } from './json.js'
import { manyFlags, type Reading, readingText, readMany, withPlaces } from './many.js'
import { mergeQueries } from './merge.js'
import { fromOf, logFlags, outputFlags } from './options.js'
import { queryOptionsOf } from './query.js'
import { readJson } from './read-json.js'
import type { Session } from './session.js'
import { logSources, type Places } from './sources.js'
import { linesText } from './verdict.js'

const flags = {
  ...manyFlags,
  ...logFlags,
  budget: { type: 'string', value: '<file>', help: 'limits to hold the traces to (docs/quality-gates.md)' },
  baseline: { type: 'string', value: '<file>', help: 'what `spanlog check --write-baseline` wrote, for limits against it' },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** Beyond so many lines a report says no more by reading others. */
const MAX_LINES = 50_000

/** `spanlog report`: what happened over many traces. */
export const report = defineCommand({
  usage: '[file or folder ...]',
  flags,
  help: [
    [
      'Output: errors by type and service, with where they began, what failed with',
      'them, and a trace to look at; limits that are broken; what is unusual against',
      'the window before, of the same length, where --from is given; how long each',
      'operation that answers somebody takes, its distribution and its trend; how far',
      'the traces can be trusted. Where there is a source of logs, the lines around',
      'each error, and what only lines tell. With --json one document.',
    ],
  ],
  async run({ values, positionals }, session) {
    const budgets = values.budget === undefined ? undefined : ((await readJson(values.budget)) as Budgets)
    const baseline = values.baseline === undefined ? undefined : ((await readJson(values.baseline)) as Baseline)
    return withPlaces(values, positionals, session, async (places) => {
      const window = windowOf(values)
      const reading = await readMany(values, places, session, window && { from: window.from, to: window.to })
      const lines = await linesOf(values, places, session, window)
      const before = window && (await readMany(values, places, session, { from: window.from - window.length, to: window.from }))
      const claim: Reading = {
        traces: reading.traces,
        complete: reading.complete && (lines?.complete ?? true),
        reasons: [...reading.reasons, ...(lines?.reasons ?? [])],
      }
      const input: ReportInput = {
        traces: reading.traces,
        ...(before !== undefined && { before: before.traces }),
        ...(window !== undefined && { windowMs: Number(window.length) / 1e6 }),
        // Where there is no line at all, none can be missing.
        ...(lines !== undefined && lines.entries.length > 0 && { entries: lines.entries }),
        ...(budgets !== undefined && { budgets }),
        ...(baseline !== undefined && { baseline }),
      }
      await print(trafficReport(input), claim, values, session)
      if (values.json !== true) await session.note(`${readingText(claim, values.verbose)}${lines === undefined ? '' : `; ${lines.text}`}`)
      return exitCodeOf(reading.traces.length > 0, claim.complete)
    })
  },
})

interface Window {
  from: bigint
  to: bigint
  length: bigint
}

/** Without a start there is no window before. */
function windowOf(values: Values): Window | undefined {
  const { from } = fromOf(values)
  if (from === undefined) return undefined
  const now = Date.now()
  const start = parseTime('--from', from, now)
  const end = values.to === undefined ? BigInt(now) * 1_000_000n : parseTime('--to', values.to, now)
  return { from: start, to: end, length: end - start }
}

async function linesOf(values: Values, places: Places, { signal }: Session, window: Window | undefined) {
  const sources = await logSources(places)
  if (sources.length === 0) return undefined
  const { maxBytes } = queryOptionsOf(values, places, signal)
  const { to } = values
  const search = {
    ...(window === undefined ? { ...(to !== undefined && { to }) } : { from: window.from, to: window.to }),
    ...(values.service !== undefined && { service: values.service }),
    ...(maxBytes !== undefined && { maxBytes }),
    limit: MAX_LINES,
    signal,
  }
  const query = mergeQueries(sources.map((source) => source.search(search)))
  const entries = []
  for await (const entry of query) entries.push(entry)
  const verdict = await query.verdict()
  return { entries, complete: verdict.complete, reasons: verdict.reasons, text: linesText(verdict, false) }
}

async function print(drawn: ReturnType<typeof trafficReport>, claim: Reading, values: Values, session: Session): Promise<void> {
  const { width, color, print: write } = session
  if (values.json === true) {
    await write(`${jsonText({ report: drawn, verdict: { complete: claim.complete, reasons: claim.reasons } })}\n`)
  } else if (drawn.traces > 0) {
    const options = { ...(width !== undefined && { width }), color: color && values['no-color'] !== true }
    for (const row of drawReport(drawn, options)) await write(`${row}\n`)
  }
}
