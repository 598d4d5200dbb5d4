import type { Budgets } from '../analysis/index.js'
import { unexpected } from '../errors.js'
import { count } from '../view/count.js'
import { escapeText } from '../view/terminal/text.js'
import { drawWaterfall, type WaterfallOptions } from '../view/terminal/waterfall.js'
import { doubted } from './awaited.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodeOf } from './exit.js'
import { type Found, gatherTrace, isWhole, type Sources } from './gather.js'
import { jsonText } from './json.js'
import { gatherLinked, type Linked } from './linked.js'
import { logFlags, outputFlags, parseCount, sourceFlags, traceFlags, windowFlags } from './options.js'
import { readPositionals } from './positionals.js'
import { queryOptionsOf } from './query.js'
import { readJson } from './read-json.js'
import type { Session } from './session.js'
import { logSources, noSource, type Places, placesOf, traceSources } from './sources.js'
import { spoolPipes } from './spool.js'
import { linesText, verdictJson, verdictText } from './verdict.js'

const flags = {
  ...sourceFlags,
  ...logFlags,
  ...traceFlags,
  ...windowFlags,
  mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
  only: {
    type: 'string',
    value: 'errors',
    choices: ['errors'],
    help: 'only spans that failed or have a line of level error, and what stands above them',
  },
  service: {
    type: 'string',
    multiple: true,
    value: '<name>',
    help: 'only spans of this service, and what stands above them. May be repeated',
  },
  depth: { type: 'string', value: '<n>', help: 'so many levels below the roots' },
  all: { type: 'boolean', help: 'many calls alike one by one, instead of as one row' },
  attributes: { type: 'boolean', short: 'a', help: 'of each span its attributes, resource, events with their stack, and links' },
  adjust: { type: 'boolean', help: 'where clocks of hosts disagree, moves spans and their lines into the calls that caused them' },
  budget: {
    type: 'string',
    value: '<file>',
    help: 'marks the spans that take longer than their budgets of this file say, as `spanlog check --help` shows',
  },
  links: { type: 'boolean', help: 'also what triggered it and all that it caused: the traces linked with it, at most 20' },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog trace`: gathers the trace and its lines, and draws them once both are there. */
export const trace = defineCommand({
  usage: '<trace-id> [file or folder ...]',
  flags,
  examples: [
    'spanlog trace 0af7651916cd43dd8448eb211c80319c logs/',
    'spanlog trace <trace-id> --loki http://loki:3100 --tempo http://tempo:3200',
    'spanlog trace <trace-id> --only errors',
  ],
  help: [
    [
      'Output: the picture on stdout, the verdict on stderr. Above it stands in one',
      'sentence where the error began and what took the time. Bars are full where a',
      'span decided how long the trace took (the critical path), and light where it',
      'waited for others or ran beside what took longer. With --json one document',
      'on stdout: { trace, entries, verdict: { complete, logs, trace } }, with --links',
      'one such document after another.',
    ],
  ],
  async run({ values, positionals }, session) {
    const { traceId, files } = readPositionals(positionals)
    const drawing = await drawingOf(values)
    const places = await placesOf(values, files, process.env)
    // Both readers need what a pipe gives once only.
    const spool = await spoolPipes(places.files, session.signal)
    try {
      return await show(traceId, { ...places, files: spool.files }, values, drawing, session)
    } finally {
      await spool.remove()
    }
  },
})

async function drawingOf({
  only,
  service,
  depth,
  all = false,
  attributes = false,
  adjust = false,
  budget,
}: Values): Promise<WaterfallOptions> {
  if (only !== undefined && only !== 'errors') throw unexpected('--only', '`errors`', only)
  return {
    all,
    attributes,
    adjust,
    ...(only !== undefined && { only }),
    ...(service !== undefined && { services: service }),
    ...(depth !== undefined && { depth: parseCount('--depth', depth, 0) }),
    // Checked where it is used.
    ...(budget !== undefined && { budgets: (await readJson(budget)) as Budgets }),
  }
}

async function show(traceId: string, places: Places, values: Values, drawing: WaterfallOptions, session: Session): Promise<number> {
  const traces = await traceSources(places)
  const sources: Sources = { traces, logs: await logSources(places, traces) }
  if (sources.logs.length + traces.length === 0) throw noSource('--file, --loki or --tempo')
  const options = queryOptionsOf(values, places, session.signal)
  const found = doubted(await gatherTrace(traceId, sources, options), places)
  const { linked, reasons } = values.links === true ? await gatherLinked(found, sources, options) : { linked: [], reasons: [] }

  for (const one of [found, ...linked] as (Found | Linked)[]) {
    if (values.json === true) await printJson(one, session)
    else if (isAny(one)) {
      if ('as' in one) await session.print(`\n${one.as === 'cause' ? 'Linked from' : 'Links to'} ${one.of}:\n`)
      await printPicture(one, drawing, { ...session, color: session.color && values['no-color'] !== true })
    }
  }
  const whole = [found, ...linked].every(isWhole) && reasons.length === 0
  const notes = reasons.map(({ code, message }) => `links: ${escapeText(message)} (${code})`)
  if (values.json !== true) notes.unshift(summary(found, values), ...linked.map((one) => linkedSummary(one, values)))
  if (notes.length > 0) await session.note(notes.join('\n'))
  return exitCodeOf(isAny(found), whole)
}

function isAny({ entries, spans }: Found): boolean {
  return entries.length > 0 || spans?.trace !== undefined
}

async function printPicture(
  { traceId, spans, entries }: Found,
  drawing: WaterfallOptions,
  { width, color, print }: Session,
): Promise<void> {
  const picture = { traceId, ...(spans?.trace !== undefined && { trace: spans.trace }), entries }
  for (const row of drawWaterfall(picture, { ...drawing, ...(width !== undefined && { width }), color })) await print(`${row}\n`)
}

function summary(found: Found, { mentions = false, verbose }: Values): string {
  const { logs, spans } = found
  const spanCount = spans?.trace?.spans.length ?? 0
  const what = [
    ...(spans === undefined ? [] : [spanCount === 0 ? 'no spans' : count(spanCount, 'span')]),
    ...(logs === undefined ? [] : [linesText(logs, mentions)]),
  ]
  const reasons = [...(spans?.reasons ?? []), ...(logs?.reasons ?? [])]
  return verdictText(what.join(', '), { ...logs, complete: isWhole(found), reasons }, verbose)
}

function linkedSummary(found: Linked, values: Values): string {
  return `${found.as === 'cause' ? 'linked' : 'links here'} ${escapeText(found.traceId)}: ${summary(found, values)}`
}

/** One document, written in pieces: whole it might be longer than a string can be. */
async function printJson(found: Found, { print }: Session): Promise<void> {
  const { spans, logs, entries } = found
  const { toJson: entryToJson } = await import('../logs/json.js')
  const { toJson: traceToJson } = await import('../traces/index.js')
  const drawn = spans?.trace === undefined ? null : traceToJson(spans.trace)
  await print(`{"trace":${jsonText(drawn)},\n"entries":[`)
  let separator = '\n'
  for (const entry of entries) {
    await print(separator + jsonText(entryToJson(entry)))
    separator = ',\n'
  }
  const verdict = {
    complete: isWhole(found),
    logs: logs === undefined ? null : verdictJson(logs),
    trace: spans === undefined ? null : { complete: spans.complete, reasons: spans.reasons },
  }
  await print(`],\n"verdict":${jsonText(verdict)}}\n`)
}
