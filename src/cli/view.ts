import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { reasonOf, SpanlogError } from '../errors.js'
import { adjusted } from '../view/adjust.js'
import { count } from '../view/count.js'
import type { Limits, TraceDocument } from '../view/document.js'
import { doubted } from './awaited.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf, exitCodes } from './exit.js'
import { findTraces, searchFlags, spanSearch } from './find-traces.js'
import { gatherTrace, isWhole } from './gather.js'
import { logFlags, parseCount, sourceFlags, traceFlags, windowFlags } from './options.js'
import { readPositionals } from './positionals.js'
import { queryOptionsOf } from './query.js'
import { limitsOf, readForReport, reportFlags, type Window } from './report-input.js'
import type { Session } from './session.js'
import { logSources, noSource, type Places, placesOf, traceSources } from './sources.js'
import { spoolPipes } from './spool.js'
import { findTraceId, holdsTraceId } from './trace-id.js'
import { verdictText } from './verdict.js'

const flags = {
  ...searchFlags,
  limit: { ...searchFlags.limit, help: 'of the list the newest so many (100)' },
  ...sourceFlags,
  ...logFlags,
  ...traceFlags,
  ...windowFlags,
  ...reportFlags,
  mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
  adjust: { type: 'boolean', help: 'where clocks of hosts disagree, moves spans and their lines into the calls that caused them' },
  out: { type: 'string', short: 'o', value: '<file.html>', help: 'write one file that works offline, instead of serving the page' },
  port: { type: 'string', value: '<n>', help: 'where on 127.0.0.1 to serve the page (any free port)' },
  verbose: { type: 'boolean', short: 'v', help: 'the verdict with all of its reasons, and all that a proof holds for' },
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog view`: a trace with its lines in a browser, or the list of what there is. */
export const view = defineCommand({
  usage: '[trace-id [other-trace-id]] [file or folder ...]',
  flags,
  examples: [
    'spanlog view 0af7651916cd43dd8448eb211c80319c logs/',
    'spanlog view <trace-id> --loki http://localhost:3100 -o trace.html',
    'spanlog view --errors --since 1h --tempo http://localhost:3200',
  ],
  help: [
    [
      'With one trace ID the page of that trace, with two the page of the second,',
      'compared with the first. Without any it lists what spanlog find finds, by the',
      'same options, newest first, and updates by itself.',
    ],
    [
      'The page is served on 127.0.0.1 alone, under a secret path, until Ctrl-C; its',
      'URL is on stdout. With --out it is one file that needs no server and asks',
      'nobody: it can be attached to a ticket. It holds the lines as they are.',
    ],
  ],
  async run({ values, positionals }, session) {
    const port = parseCount('--port', values.port ?? '0', 0)
    const { traceIds, files } = wordsOf(positionals)
    if (values.out !== undefined && traceIds.length === 0) {
      throw new SpanlogError('INVALID_OPTION', 'Expected a trace ID for --out, got none', { remedy: 'spanlog find lists them' })
    }
    const places = await placesOf(values, files, process.env)
    const spool = await spoolPipes(places.files, session.signal)
    try {
      const given = { ...places, files: spool.files }
      return await (values.out === undefined
        ? serve(traceIds, port, given, values, session)
        : save(traceIds, values.out, given, values, session))
    } finally {
      await spool.remove()
    }
  },
})

/** One word that is a trace ID, or two; what was pasted in several words is one. Without any, all words are files. */
function wordsOf(words: readonly string[]): { traceIds: string[]; files: string[] } {
  const [first, second] = words
  if (!holdsTraceId(words.join(' '))) return { traceIds: [], files: [...words] }
  if (isId(first) && isId(second)) return { traceIds: [findTraceId(first), findTraceId(second)], files: words.slice(2) }
  const { traceId, files } = readPositionals(words)
  return { traceIds: [traceId], files }
}

function isId(word: string | undefined): word is string {
  return word !== undefined && /^[0-9a-f]{32}$/i.test(word)
}

/** What is wrong with the files is said at once, not in the browser. @throws SpanlogError INVALID_OPTION */
async function checkedLimitsOf(values: Values): Promise<Limits> {
  const limits = await limitsOf(values)
  const { checkBudgets } = await import('../analysis/index.js')
  const { budgets, baseline } = limits
  if (budgets !== undefined) checkBudgets([], budgets, baseline === undefined ? {} : { baseline })
  return limits
}

async function documentOf(traceId: string, places: Places, values: Values, signal: AbortSignal): Promise<TraceDocument> {
  const traces = await traceSources(places)
  const logs = await logSources(places, traces)
  if (logs.length + traces.length === 0) throw noSource('--file, --loki, --victorialogs, --tempo, --jaeger or --zipkin')
  const found = doubted(await gatherTrace(traceId, { logs, traces }, queryOptionsOf(values, places, signal)), places)
  const { toJson: entryToJson } = await import('../logs/json.js')
  const { toJson: traceToJson } = await import('../traces/index.js')
  const given = { trace: found.spans?.trace, entries: found.entries }
  const { trace, entries } = values.adjust === true && given.trace !== undefined ? adjusted(given.trace, given.entries) : given
  return {
    traceId,
    trace: trace === undefined ? null : traceToJson(trace),
    entries: entries.map(entryToJson),
    verdict: { complete: isWhole(found), reasons: [...(found.spans?.reasons ?? []), ...(found.logs?.reasons ?? [])] },
  }
}

async function save(traceIds: readonly string[], out: string, places: Places, values: Values, session: Session): Promise<number> {
  const { pageHtml } = await import('../view/server/html.js')
  const limits = await checkedLimitsOf(values)
  const documents = await Promise.all(traceIds.map(async (id) => documentOf(id, places, values, session.signal)))
  // The trace that was asked for comes first, the one that it is compared with behind it.
  documents.reverse()
  const isAny = documents.every(({ trace, entries }) => trace !== null || entries.length > 0)
  const complete = documents.every(({ verdict }) => verdict.complete)
  if (isAny && !session.signal.aborted) await write(out, pageHtml({ served: false, documents, limits }))
  // Files that were read for both are counted once.
  const reasons = [
    ...new Map(documents.flatMap(({ verdict }) => verdict.reasons.map((reason) => [reason.message, reason] as const))).values(),
  ]
  const what = documents
    .map(({ trace, entries }) => `${count(trace?.spans.length ?? 0, 'span')}, ${count(entries.length, 'line')}`)
    .join(' and ')
  await session.note(verdictText(what, { complete, reasons }, values.verbose))
  if (isAny) await session.note(`written to ${out}`)
  return exitCodeOf(isAny, complete)
}

async function write(out: string, pieces: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), createWriteStream(out))
  } catch (cause) {
    throw new SpanlogError('INVALID_OPTION', `--out ${JSON.stringify(out)} cannot be written`, {
      cause,
      remedy: 'check the path and its permissions',
    })
  }
}

async function serve(traceIds: readonly string[], port: number, places: Places, values: Values, session: Session): Promise<number> {
  const { startViewServer } = await import('../view/server/server.js')
  // What is wrong with the options is said at once, not in the browser.
  const sources = [...(await logSources(places)), ...(await traceSources(places))]
  if (sources.length === 0) throw noSource('--file, --loki, --victorialogs, --tempo, --jaeger or --zipkin')
  const limit = parseCount('--limit', values.limit ?? '100', 1)
  const limits = await checkedLimitsOf(values)
  const server = await startViewServer(
    {
      document: async (traceId, signal) => documentOf(traceId, places, values, signal),
      async list(signal) {
        const { findings, verdict } = await findTraces(values, places, limit, { ...session, signal, canShowProgress: false })
        return { traces: findings, reasons: verdict.reasons.filter(({ code }) => code !== 'HOLDS_FOR') }
      },
      async report(signal) {
        const { readTraces, toJson: traceToJson } = await import('../traces/index.js')
        const { toJson: entryToJson } = await import('../logs/json.js')
        const asked = await traceSources(places)
        const read = async (window?: Window) => readTraces(asked, { ...spanSearch(values), ...window, limit, signal })
        const { input, reasons } = await readForReport(read, values, limits, places, signal)
        const { traces, before, entries, entriesFromUnixNano, windowMs } = input
        return {
          traces: traces.map(traceToJson),
          ...(before !== undefined && { before: before.map(traceToJson) }),
          ...(entries !== undefined && { entries: entries.map(entryToJson) }),
          ...(entriesFromUnixNano !== undefined && { entriesFromUnixNano: String(entriesFromUnixNano) }),
          ...(windowMs !== undefined && { windowMs }),
          reasons: reasons.filter(({ code }) => code !== 'HOLDS_FOR'),
        }
      },
      limits,
    },
    port,
  ).catch((cause: unknown) => {
    throw new SpanlogError('INVALID_OPTION', `port ${port} of 127.0.0.1 cannot be listened on: ${reasonOf(cause).message}`, {
      cause,
      remedy: 'give another --port',
    })
  })
  const [trace, other] = traceIds.toReversed()
  const hash = new URLSearchParams({ ...(trace !== undefined && { trace }), ...(other !== undefined && { with: other, view: 'compare' }) })
  await session.print(`${server.url}${hash.size > 0 ? `#${hash.toString()}` : ''}\n`)
  await session.flush()
  await session.note('Serving until Ctrl-C')
  if (!session.signal.aborted) await once(session.signal, 'abort')
  await server.close()
  return exitCodes.found
}
