import { writeFile } from 'node:fs/promises'
import type { Baseline, BudgetReport, Budgets } from '../analysis/index.js'
import { SpanlogError } from '../errors.js'
import { budgetsAsJUnit, budgetsAsMarkdown, sentenceOf } from '../view/budget-reports.js'
import { painter } from '../view/terminal/style.js'
import { escapeText } from '../view/terminal/text.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodes } from './exit.js'
import { jsonText } from './json.js'
import { manyFlags, type Reading, readingText, readMany, withPlaces } from './many.js'
import { outputFlags } from './options.js'
import { readJson } from './read-json.js'
import type { Session } from './session.js'

const flags = {
  ...manyFlags,
  budget: { type: 'string', value: '<file>', help: 'the limits, as JSON' },
  baseline: { type: 'string', value: '<file>', help: 'what --write-baseline wrote, for the limits of `regression`' },
  'write-baseline': { type: 'string', value: '<file>', help: 'writes what the traces were like; alone, or where every limit was kept' },
  junit: { type: 'string', value: '<file>', help: "writes the result as JUnit's XML" },
  markdown: { type: 'string', value: '<file>', help: 'writes the result as Markdown; `-` is standard output' },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog check`: holds recorded traces to limits. */
export const check = defineCommand({
  usage: '--budget <file> [file or folder ...]',
  flags,
  examples: [
    'spanlog check traces/ --write-baseline baseline.json',
    'spanlog check traces/ --budget budgets.json --baseline baseline.json',
  ],
  help: [
    [
      'The limits of --budget, all of them optional:',
      '  { "operations": [{ "service": "gateway", "name": "POST /orders", "p95Ms": 300,',
      '                     "errorShare": 0.01, "callsPerTrace": 2 }],',
      '    "traces": { "criticalPathMs": 1000, "qualityScore": 0.9 },',
      '    "regression": { "ratio": 1.2, "minimumMs": 1, "errorShare": 0.01 },',
      '    "minimumSample": 20 }',
    ],
    [
      'Output: a sentence for each limit that is broken or has no data, the verdict on',
      'stderr. With --json { passed, results, traces, verdict }.',
      '',
      'Exit codes of check:',
      '  0    every limit is kept, by all traces that there are',
      '  5    a limit is broken',
      '  4    none is broken, but one has no data, or not all traces could be read',
    ],
  ],
  async run({ values, positionals }, session) {
    const { budget, baseline, 'write-baseline': target } = values
    if (budget === undefined && target === undefined) {
      throw new SpanlogError('INVALID_OPTION', 'Expected --budget or --write-baseline, got neither', { remedy: 'see spanlog check --help' })
    }
    const budgets = budget === undefined ? undefined : ((await readJson(budget)) as Budgets)
    const old = baseline === undefined ? undefined : ((await readJson(baseline)) as Baseline)
    return withPlaces(values, positionals, session, async (places) => {
      const reading = await readMany(values, places, session)
      const { baselineOf, checkBudgets } = await import('../analysis/index.js')
      const result = budgets === undefined ? undefined : checkBudgets(reading.traces, budgets, old === undefined ? {} : { baseline: old })
      const isSound = reading.complete && reading.traces.length > 0 && (result?.passed ?? true)
      // A baseline from what is broken or cut off would hide the next regression.
      if (target !== undefined && isSound) await write(target, `${JSON.stringify(baselineOf(reading.traces), undefined, 2)}\n`)
      if (result !== undefined) await tell(result, reading, values, session)
      const unwritten = target === undefined || isSound ? '' : '; no baseline written'
      if (values.json !== true) await session.note(`${readingText(reading, values.verbose)}${unwritten}`)
      return exitCodeFor(result, reading)
    })
  },
})

function exitCodeFor(result: BudgetReport | undefined, { traces, complete }: Reading): number {
  if (result?.results.some(({ outcome }) => outcome === 'broken') === true) return exitCodes.broken
  return (result?.passed ?? true) && complete && traces.length > 0 ? exitCodes.found : exitCodes.incomplete
}

async function tell(result: BudgetReport, reading: Reading, values: Values, session: Session): Promise<void> {
  const { junit, markdown, json, 'no-color': plain } = values
  if (junit !== undefined) await write(junit, budgetsAsJUnit(result))
  if (markdown === '-') return session.print(budgetsAsMarkdown(result))
  if (markdown !== undefined) await write(markdown, budgetsAsMarkdown(result))
  if (json === true) {
    await session.print(`${jsonText({ ...result, verdict: { complete: reading.complete, reasons: reading.reasons } })}\n`)
    return
  }
  const paint = painter(session.color && plain !== true)
  const missed = result.results.filter(({ outcome }) => outcome !== 'kept')
  for (const one of missed) {
    const broken = one.outcome === 'broken'
    await session.print(`${paint(broken ? 'red' : 'yellow', `${broken ? '✗' : '?'} ${escapeText(sentenceOf(one))}`)}\n`)
  }
  const kept = result.results.length - missed.length
  await session.print(`${paint(missed.length === 0 ? 'green' : 'bold', `${kept} of ${result.results.length} limits kept`)}\n`)
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause: unknown) => {
    throw new SpanlogError('FILE_UNREADABLE', `${file} could not be written`, { cause })
  })
}
