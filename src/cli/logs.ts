import { lineDrawer } from '../view/terminal/lines.js'
import { escapeJson } from '../view/terminal/text.js'
import { defineCommand } from './command.js'
import { exitCodeOf } from './exit.js'
import { mergeQueries } from './merge.js'
import { logFlags, outputFlags, sourceFlags, traceFlags, windowFlags } from './options.js'
import { readPositionals } from './positionals.js'
import { queryOptionsOf } from './query.js'
import { logSources, noSource, placesOf, traceSources } from './sources.js'
import { linesText, verdictJson, verdictText } from './verdict.js'

/** `spanlog logs`: prints lines as they come, in memory that does not grow with them. */
export const logs = defineCommand({
  usage: '<trace-id> [file or folder ...]',
  flags: {
    ...sourceFlags,
    ...logFlags,
    ...traceFlags,
    ...windowFlags,
    mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
    ...outputFlags,
  },
  help: [],
  async run({ values, positionals }, session) {
    const { traceId, files } = readPositionals(positionals)
    const places = await placesOf(values, files, process.env)
    const sources = await logSources(places, await traceSources({ ...places, files: [] }))
    if (sources.length === 0) throw noSource('--file or --loki')
    const { toJson } = await import('../logs/index.js')
    const query = mergeQueries(sources.map((source) => source.forTrace(traceId, queryOptionsOf(values, places, session.signal))))

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
  },
})
