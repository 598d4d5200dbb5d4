import { lineDrawer } from '../view/terminal/lines.js'
import { escapeJson } from '../view/terminal/text.js'
import { exitCodeOf } from './exit.js'
import { mergeQueries } from './merge.js'
import type { CommandLine } from './options.js'
import { readPositionals } from './positionals.js'
import { queryOptionsOf } from './query.js'
import type { Session } from './session.js'
import { logSources, noSource, placesOf } from './sources.js'
import { linesText, verdictJson, verdictText } from './verdict.js'

/** `spanlog logs`: prints lines as they come, in memory that does not grow with them. */
export async function run({ values, positionals }: CommandLine, session: Session): Promise<number> {
  const { traceId, files } = readPositionals(positionals)
  const sources = await logSources(placesOf(values, files, process.env))
  if (sources.length === 0) throw noSource('--file or --loki')
  const { toJson } = await import('../logs/index.js')
  const query = mergeQueries(sources.map((source) => source.forTrace(traceId, queryOptionsOf(values, session.signal))))

  const draw = lineDrawer({ width: session.width ?? Number.POSITIVE_INFINITY, color: session.color && values['no-color'] !== true })
  for await (const entry of query) {
    const rows = values.json === true ? [escapeJson(JSON.stringify(toJson(entry)))] : draw(entry)
    await session.print(rows.map((row) => `${row}\n`).join(''))
    if (session.ended() === 'reader gone') break
  }

  const verdict = await query.verdict()
  const told = verdictText(linesText(verdict, values.mentions === true), verdict, values.verbose)
  await session.note(values.json === true ? escapeJson(JSON.stringify(verdictJson(verdict))) : told)
  return exitCodeOf(verdict.entries > 0, verdict.complete)
}
