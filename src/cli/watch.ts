import { setTimeout as sleep } from 'node:timers/promises'
import type { Baseline, BudgetEvent, Budgets } from '../analysis/index.js'
import { SpanlogError, unexpected } from '../errors.js'
import { sentenceOf } from '../view/budget-reports.js'
import { count } from '../view/count.js'
import { msText, timeText } from '../view/terminal/figures.js'
import { painter } from '../view/terminal/style.js'
import { escapeText } from '../view/terminal/text.js'
import { type Alarm, raise, webhookOf } from './alarm.js'
import { documentOf, IncidentFolder } from './collect.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodes } from './exit.js'
import { gatherTrace, type Sources } from './gather.js'
import { jsonText } from './json.js'
import { manyFlags, type Reading, readMany } from './many.js'
import { logFlags, outputFlags, parseDurationMs } from './options.js'
import { queryOptionsOf } from './query.js'
import { readJson } from './read-json.js'
import type { Session } from './session.js'
import { logSources, type Places, placesOf, traceSources } from './sources.js'

const { from: _from, since: _since, to: _to, ...liveFlags } = manyFlags

const flags = {
  ...liveFlags,
  ...logFlags,
  budget: { type: 'string', value: '<file>', help: 'the limits, as JSON; `spanlog check --help` shows some' },
  baseline: {
    type: 'string',
    value: '<file>',
    help: 'what `spanlog check --write-baseline` wrote: each operation is held to it, and its services are expected',
  },
  every: { type: 'string', value: '<duration>', help: 'how often to look (30s)' },
  window: { type: 'string', value: '<duration>', help: 'at how much of the past (5m)' },
  hold: { type: 'string', value: '<duration>', help: 'how long a limit must be broken before it is told, and kept before it is over (0s)' },
  'silent-after': {
    type: 'string',
    value: '<duration>',
    help: 'tell when a service of the baseline, or one that was seen, has sent no span for so long',
  },
  webhook: { type: 'string', value: '<url>', help: "gets each alarm as JSON, by POST, through the environment's proxies" },
  exec: { type: 'string', value: '<program>', help: 'is started for each alarm, without a shell, and gets it as JSON on standard input' },
  'exec-arg': { type: 'string', multiple: true, value: '<text>', help: 'an argument of that program. May be repeated' },
  collect: {
    type: 'string',
    value: '<folder>',
    help: 'keeps the slowest and the failed traces of each incident there, with all their logs',
  },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** Spans and lines that an alarm carries; `spanlog trace` has the rest. */
const MOST_ATTACHED = 1000

/** `spanlog watch`: holds live traffic to limits, and calls when one breaks. */
export const watch = defineCommand({
  usage: '--budget <file> [file or folder ...]',
  flags,
  examples: [
    'spanlog watch --tempo http://localhost:3200 --budget budgets.json --every 10s',
    'spanlog watch --budget budgets.json --webhook https://example.com/alarm',
  ],
  help: [
    [
      'Looks every 30 seconds at the traces of the last 5 minutes. A limit that breaks',
      'is told once, and once when it is over. An alarm is JSON: { event: "broken" or',
      '"over", text, result, sinceUnixNano, atUnixNano, trace, entries, verdict }, with',
      'the trace to look at and its lines, up to 1,000 of each. Ends by Ctrl-C.',
      '',
      'Output: a sentence for each alarm on stdout, with --json the alarm as a line of',
      'JSON; what cannot be read or told on stderr, while the watch goes on.',
    ],
  ],
  async run({ values, positionals }, session) {
    const settings = await settingsOf(values)
    const places = await placesOf(values, positionals, process.env)
    const traces = await traceSources(places)
    const sources: Sources = { traces, logs: await logSources(places, traces) }
    const { watchBudgets } = await import('../analysis/index.js')
    const { budgets, ...options } = settings.watch
    const watched = watchBudgets(budgets, options)
    let incident: IncidentFolder | undefined
    let lastDoubt: string | undefined

    while (!session.signal.aborted) {
      const now = BigInt(Date.now()) * 1_000_000n
      const reading = await readMany(values, places, session, { from: now - settings.windowNano, to: now })
      if (session.signal.aborted) break
      const doubt = doubtIn(reading)
      const text =
        doubt ?? (reading.traces.length === 0 ? `no traces of the last ${settings.window}: nothing is held to its limits` : undefined)
      // Told when it begins, not at each look.
      if (text !== undefined && text !== lastDoubt) await session.note(`spanlog: ${timeText(now)}: ${escapeText(text)}`)
      lastDoubt = text
      // Where nothing could be read, that says nothing of the traffic.
      if (doubt === undefined || reading.traces.length > 0) {
        const events = watched.observe(reading.traces, now)
        for (const event of events) await tell(event, settings.alarm, sources, values, places, session)
        if (values.collect !== undefined && watched.alarmed) {
          incident ??= new IncidentFolder(values.collect, now)
          await collect(incident, reading, sources, session)
        }
        if (!watched.alarmed) incident = undefined
      }
      await sleep(settings.everyMs, undefined, { signal: session.signal }).catch(() => {})
    }
    return exitCodes.found
  },
})

async function settingsOf(values: Values) {
  const { budget, baseline, every = '30s', window = '5m', hold = '0s', webhook, exec, 'exec-arg': args = [] } = values
  const silent = values['silent-after']
  if (budget === undefined && baseline === undefined) {
    throw new SpanlogError('INVALID_OPTION', 'Expected --budget or --baseline, got neither', { remedy: 'see spanlog watch --help' })
  }
  if (exec === '') throw unexpected('--exec', 'a program', exec)
  if (exec === undefined && args.length > 0) throw unexpected('--exec-arg', 'given beside --exec', args[0])
  const everyMs = parseDurationMs('--every', every)
  if (everyMs < 100) throw unexpected('--every', 'at least 100ms', every)
  const alarm: Alarm = {
    ...(webhook !== undefined && { webhook: webhookOf(webhook) }),
    ...(exec !== undefined && { command: [exec, ...args] }),
  }
  return {
    everyMs,
    window,
    windowNano: BigInt(parseDurationMs('--window', window)) * 1_000_000n,
    alarm,
    watch: {
      budgets: budget === undefined ? {} : ((await readJson(budget)) as Budgets),
      holdMs: parseDurationMs('--hold', hold),
      ...(baseline !== undefined && { baseline: (await readJson(baseline)) as Baseline }),
      ...(silent !== undefined && { silentAfterMs: parseDurationMs('--silent-after', silent) }),
    },
  }
}

/** Why not all was read; spans that miss their parents are often still on their way. */
function doubtIn({ reasons }: Reading): string | undefined {
  const doubt = reasons.find(({ code }) => code !== 'SPANS_MISSING')
  return doubt && `${doubt.code}: ${doubt.message}`
}

/** A full disk must not end the watch. */
async function collect(incident: IncidentFolder, { traces }: Reading, sources: Sources, session: Session): Promise<void> {
  const told = await incident.keep(traces, sources, session.signal).then(
    (kept) => (kept > 0 ? `${count(kept, 'trace')} kept in ${incident.path}` : ''),
    (error: unknown) => (error as Error).message,
  )
  if (told !== '') await session.note(`spanlog: ${escapeText(told)}`)
}

async function tell(event: BudgetEvent, alarm: Alarm, sources: Sources, values: Values, places: Places, session: Session): Promise<void> {
  const { result, atUnixNano, sinceUnixNano } = event
  const lasted = msText(Number(atUnixNano - sinceUnixNano) / 1e6)
  const text = event.event === 'broken' ? sentenceOf(result) : `over after ${lasted}: ${sentenceOf(result)}`
  if (values.json !== true) {
    const paint = painter(session.color && values['no-color'] !== true)
    const sentence = paint(event.event === 'broken' ? 'red' : 'green', `${event.event === 'broken' ? '✗' : '✓'} ${escapeText(text)}`)
    // Before a store is asked for the trace: that may take as long as a look.
    await session.print(`${timeText(atUnixNano)} ${sentence}\n`)
    if (alarm.webhook === undefined && alarm.command === undefined) return
  }
  const { traceId } = result
  const found = traceId === undefined ? undefined : await gatherTrace(traceId, sources, queryOptionsOf(values, places, session.signal))
  const attached = found === undefined ? { trace: null, entries: [], verdict: null } : await documentOf(found, MOST_ATTACHED)
  const json = jsonText({ event: event.event, text, result, sinceUnixNano, atUnixNano, ...attached })
  if (values.json === true) await session.print(`${json}\n`)
  for (const problem of await raise(alarm, json, session.signal)) await session.note(`spanlog: ${escapeText(problem)}`)
}
