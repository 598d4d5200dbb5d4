import type { LogEntry, LogVerdict } from '../logs/index.js'
import type { TraceResult } from '../traces/index.js'
import { mergeTraces } from '../traces/merge.js'
import { count } from '../view/count.js'
import { escapeJson } from '../view/terminal/text.js'
import { drawWaterfall } from '../view/terminal/waterfall.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf } from './exit.js'
import { mergeQueries } from './merge.js'
import { logFlags, outputFlags, sourceFlags, traceFlags, windowFlags } from './options.js'
import { readPositionals } from './positionals.js'
import { queryOptionsOf } from './query.js'
import type { Session } from './session.js'
import { logSources, noSource, type Places, placesOf, traceSources } from './sources.js'
import { spoolPipes } from './spool.js'
import { linesText, verdictJson, verdictText } from './verdict.js'

/** What the sources hold of a trace: its spans where a source of traces was asked, its lines where one of logs was. */
interface Found {
  traceId: string
  entries: LogEntry[]
  logs?: LogVerdict
  spans?: TraceResult
}

const flags = {
  ...sourceFlags,
  ...logFlags,
  ...traceFlags,
  ...windowFlags,
  mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog trace`: gathers the trace and its lines, and draws them once both are there. */
export const trace = defineCommand({
  usage: '<trace-id> [file or folder ...]',
  flags,
  help: [
    [
      'Output: the picture on stdout, the verdict on stderr. With --json one document',
      'on stdout: { trace, entries, verdict: { complete, logs, trace } }.',
    ],
  ],
  async run({ values, positionals }, session) {
    const { traceId, files } = readPositionals(positionals)
    const places = await placesOf(values, files, process.env)
    // Both readers need what a pipe gives once only.
    const spool = await spoolPipes(places.files, session.signal)
    try {
      return await show(traceId, { ...places, files: spool.files }, values, session)
    } finally {
      await spool.remove()
    }
  },
})

async function show(traceId: string, places: Places, values: Values, session: Session): Promise<number> {
  const traces = await traceSources(places)
  const logs = await logSources(places, traces)
  if (logs.length + traces.length === 0) throw noSource('--file, --loki or --tempo')
  const { signal } = session
  const query = mergeQueries(logs.map((source) => source.forTrace(traceId, queryOptionsOf(values, places, signal))))
  const asked = Promise.all(traces.map((source) => source.trace(traceId, { signal })))
  const [entries, results] = await Promise.all([collect(query), asked])
  const found: Found = {
    traceId,
    entries,
    ...(logs.length > 0 && { logs: await query.verdict() }),
    ...(traces.length > 0 && { spans: mergeTraces(traceId, results) }),
  }

  const complete = (found.logs?.complete ?? true) && (found.spans?.complete ?? true)
  const isAny = entries.length > 0 || found.spans?.trace !== undefined
  if (values.json === true) await printJson(found, complete, session)
  else {
    if (isAny) await printPicture(found, { ...session, color: session.color && values['no-color'] !== true })
    await session.note(summary(found, complete, values))
  }
  return exitCodeOf(isAny, complete)
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function printPicture({ traceId, spans, entries }: Found, { width, color, print }: Session): Promise<void> {
  const picture = { traceId, ...(spans?.trace !== undefined && { trace: spans.trace }), entries }
  for (const row of drawWaterfall(picture, { ...(width !== undefined && { width }), color })) await print(`${row}\n`)
}

function summary({ logs, spans }: Found, complete: boolean, { mentions = false, verbose }: Values): string {
  const spanCount = spans?.trace?.spans.length ?? 0
  const what = [
    ...(spans === undefined ? [] : [spanCount === 0 ? 'no spans' : count(spanCount, 'span')]),
    ...(logs === undefined ? [] : [linesText(logs, mentions)]),
  ]
  return verdictText(what.join(', '), { ...logs, complete, reasons: [...(spans?.reasons ?? []), ...(logs?.reasons ?? [])] }, verbose)
}

function json(value: unknown): string {
  return escapeJson(JSON.stringify(value))
}

/** One document, written in pieces: whole it might be longer than a string can be. */
async function printJson({ spans, logs, entries }: Found, complete: boolean, { print }: Session): Promise<void> {
  const { toJson: entryToJson } = await import('../logs/index.js')
  const { toJson: traceToJson } = await import('../traces/index.js')
  const trace = spans?.trace === undefined ? null : traceToJson(spans.trace)
  await print(`{"trace":${json(trace)},\n"entries":[`)
  let separator = '\n'
  for (const entry of entries) {
    await print(separator + json(entryToJson(entry)))
    separator = ',\n'
  }
  const verdict = {
    complete,
    logs: logs === undefined ? null : verdictJson(logs),
    trace: spans === undefined ? null : { complete: spans.complete, reasons: spans.reasons },
  }
  await print(`],\n"verdict":${json(verdict)}}\n`)
}
