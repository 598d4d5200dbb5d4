import { type TrafficReport, trafficReport } from '../view/report.js'
import { drawReport } from '../view/terminal/report.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf } from './exit.js'
import { jsonText } from './json.js'
import { manyFlags, readingText, readMany, withPlaces } from './many.js'
import { logFlags, outputFlags } from './options.js'
import { limitsOf, type ReportReading, readForReport, reportFlags, type Window } from './report-input.js'
import type { Session } from './session.js'

const flags = {
  ...manyFlags,
  ...logFlags,
  ...reportFlags,
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog report`: what happened over many traces. */
export const report = defineCommand({
  usage: '[file or folder ...]',
  flags,
  examples: ['spanlog report --from 1h --service orders', 'spanlog report logs/ --budget budgets.json'],
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
    const limits = await limitsOf(values)
    return withPlaces(values, positionals, session, async (places) => {
      const read = async (window?: Window) => readMany(values, places, session, window)
      const { input, linesText, ...claim } = await readForReport(read, values, limits, places, session.signal)
      await print(trafficReport(input), claim, values, session)
      const text = readingText({ traces: input.traces, ...claim }, values.verbose)
      if (values.json !== true) await session.note(linesText === undefined ? text : `${text}; ${linesText}`)
      return exitCodeOf(input.traces.length > 0, claim.complete)
    })
  },
})

async function print(
  drawn: TrafficReport,
  claim: Pick<ReportReading, 'complete' | 'reasons'>,
  values: Values,
  session: Session,
): Promise<void> {
  const { width, color, print: write } = session
  if (values.json === true) {
    await write(`${jsonText({ report: drawn, verdict: { complete: claim.complete, reasons: claim.reasons } })}\n`)
  } else if (drawn.traces > 0) {
    const options = { ...(width !== undefined && { width }), color: color && values['no-color'] !== true }
    for (const row of drawReport(drawn, options)) await write(`${row}\n`)
  }
}
