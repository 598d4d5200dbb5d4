import { reasonOf, unexpected } from '../errors.js'
import type { LogEntry, LogGap } from '../logs/index.js'
import { lineDrawer } from '../view/terminal/lines.js'
import { escapeJson, escapeText } from '../view/terminal/text.js'
import { defineCommand, type ValuesOf } from './command.js'
import { costText } from './costs.js'
import { exitCodeOf } from './exit.js'
import { contextFlag, filterFlags, type ShownLine, Sieve } from './filters.js'
import { mergeFollowed } from './follow.js'
import { type Format, formatEntry, formatFlags, formatOf, headOf, isoNano } from './formats.js'
import { type Extent, exploreLinks, grafanaFlag } from './grafana.js'
import { mergeQueries } from './merge.js'
import { fromOf, logFlags, outputFlags, sourceFlags, traceFlags, windowFlags } from './options.js'
import { readPositionals } from './positionals.js'
import { showProgress } from './progress.js'
import { queryOptionsOf } from './query.js'
import type { Session } from './session.js'
import { logSources, noSource, placesOf, traceSources } from './sources.js'
import { linesText, verdictJson, verdictText } from './verdict.js'

const flags = {
  ...sourceFlags,
  ...logFlags,
  ...traceFlags,
  ...windowFlags,
  follow: { type: 'boolean', help: 'the lines that are there, then each new one, until Ctrl-C' },
  ...filterFlags,
  ...contextFlag,
  mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
  stats: { type: 'boolean', help: 'what the query has cost: requests, bytes, time' },
  ...grafanaFlag,
  ...outputFlags,
  ...formatFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog logs`: prints lines as they come, in memory that does not grow with them. */
export const logs = defineCommand({
  usage: '<trace-id> [file or folder ...]',
  flags,
  examples: [
    'spanlog logs 0af7651916cd43dd8448eb211c80319c --loki http://localhost:3100',
    'spanlog logs 0af7651916cd43dd8448eb211c80319c /var/log/shop --level warn -C 3',
    'kubectl logs -l app=shop --prefix | spanlog logs <trace-id> -',
    'spanlog logs <trace-id> --follow --from 10m --service orders',
  ],
  help: [
    [
      'The trace ID is found in whatever is pasted: 32 hex digits, a traceparent, a',
      'URL, a log line, an ID of X-Ray or one with dashes. Files and folders may',
      'stand behind it. Several sources at once are merged by time; a line that two',
      'of them hold under the same time comes once.',
    ],
    [
      'Output: lines on stdout (without pid and hostname, which --json has), the',
      'verdict on stderr. It is that of the whole trace, whatever --level, --service',
      'and --grep leave out; how much that is, it says. With --json the verdict is one',
      'line of JSON on stderr, with all of its reasons.',
    ],
    [
      'The window: without --from and --to Loki is searched around the spans of the',
      'trace, where a Tempo, Jaeger or Zipkin is given too; else the last 7 days,',
      'and further back where these hold nothing.',
    ],
  ],
  async run({ values, positionals }, session) {
    const { traceId, files } = readPositionals(positionals)
    const format = formatOf(values)
    for (const name of ['to', 'stats', 'grafana'] as const) {
      if (values.follow === true && values[name] !== undefined) throw unexpected(`--${name}`, 'left out beside --follow', values[name])
    }
    const sieve = new Sieve(values)
    const places = await placesOf(values, files, process.env)
    const sources = await logSources(places, await traceSources({ ...places, files: [] }))
    if (sources.length === 0) throw noSource('--file, --loki or --victorialogs')
    const show = await printer(format, values, session)
    if (values.follow === true) {
      const options = { ...fromOf(values), mentions: values.mentions === true, signal: session.signal }
      const followed = mergeFollowed(sources.flatMap((source) => source.follow?.(traceId, options) ?? []))
      return follow(followed, sieve, show, session)
    }

    const query = mergeQueries(sources.map((source) => source.forTrace(traceId, queryOptionsOf(values, places, session.signal))))
    let read = 0
    let shown = 0
    const extent: Extent = {}
    const endProgress = showProgress(
      session,
      () => read,
      () => query.stats,
    )
    for await (const entry of query) {
      read++
      extent.from ??= entry.timeUnixNano
      extent.to = entry.timeUnixNano ?? extent.to
      for (const line of sieve.next(entry)) {
        shown++
        await show(line)
      }
      if (session.ended() === 'reader gone') break
    }
    endProgress()

    const verdict = await query.verdict()
    const links = exploreLinks(traceId, values.grafana, places, read > 0 ? extent : verdict)
    if (format === 'json') {
      const told = { ...verdictJson(verdict), ...(!sieve.isOpen && { filtered: sieve.filtered }) }
      await session.note(
        escapeJson(JSON.stringify({ ...told, ...(values.stats && { stats: query.stats }), ...(links && { grafana: links }) })),
      )
    } else {
      if (values.stats === true) await session.note(costText(query.stats))
      if (links !== undefined) await session.note(`Grafana, lines: ${links.logs}\nGrafana, trace: ${links.trace}`)
      await session.note(verdictText(linesText(verdict, values.mentions === true, sieve.filtered), verdict, values.verbose))
    }
    return exitCodeOf(shown > 0, verdict.complete)
  },
})

type Show = (line: ShownLine) => Promise<void>

/** @returns what prints a line */
async function printer(format: Format | undefined, values: Values, session: Session): Promise<Show> {
  if (format !== undefined) {
    const { toJson } = await import('../logs/json.js')
    await session.print(headOf(format))
    return ({ entry }) => session.print(formatEntry(format, entry, toJson))
  }
  const draw = lineDrawer({ width: session.width ?? Number.POSITIVE_INFINITY, color: session.color && values['no-color'] !== true })
  return ({ entry, apart }) => session.print([...(apart ? ['--'] : []), ...draw(entry)].map((row) => `${row}\n`).join(''))
}

/** Prints until Ctrl-C, or until every source has failed for good. */
async function follow(items: AsyncIterable<LogEntry | LogGap>, sieve: Sieve, show: Show, session: Session): Promise<number> {
  let shown = 0
  try {
    for await (const item of items) {
      if ('gap' in item) await session.note(gapText(item))
      else {
        for (const line of sieve.next(item)) {
          shown++
          await show(line)
        }
      }
      if (session.ended() === 'reader gone') break
    }
  } catch (error) {
    const { code, message } = reasonOf(error)
    await session.note(escapeText(`following ended: ${code}: ${message}`))
  }
  return exitCodeOf(shown > 0, false)
}

/** `gap from … to …: DISCONNECTED: …; its lines follow`. */
function gapText({ code, message, fromUnixNano, toUnixNano, refilled }: LogGap): string {
  const from = fromUnixNano === undefined ? '' : ` from ${isoNano(fromUnixNano)}`
  const to = toUnixNano === undefined ? '' : ` to ${isoNano(toUnixNano)}`
  return escapeText(`gap${from}${to}: ${code}: ${message}; ${refilled ? 'its lines follow' : 'lines may be missing'}`)
}
