import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ServiceLines } from '../doctor/check-lines.js'
import { type Finding, finding, inOrder } from '../doctor/finding.js'
import { SpanlogError } from '../errors.js'
import { count } from '../view/count.js'
import { painter } from '../view/terminal/style.js'
import { tableRows } from '../view/terminal/table.js'
import { escapeText, wrap } from '../view/terminal/text.js'
import { defineCommand, type ValuesOf } from './command.js'
import { exitCodes } from './exit.js'
import { gatherTrace } from './gather.js'
import { jsonText } from './json.js'
import { fromOf, logFlags, outputFlags, parseCount, parseDurationMs, sourceFlags, traceFlags, windowFlags } from './options.js'
import type { Session } from './session.js'
import { logSources, type Places, placesOf, traceSources } from './sources.js'
import { findTraceId, holdsTraceId } from './trace-id.js'

const { 'max-bytes': _maxBytes, yes: _yes, ...logStores } = logFlags

const flags = {
  run: { type: 'string', value: '<command>', help: "starts the service by its own command, such as 'node server.js', and looks into it" },
  for: { type: 'string', value: '<duration>', help: 'how long it runs before it is looked at, such as 500ms, 30s (5s); it is ended then' },
  ...sourceFlags,
  ...logStores,
  ...traceFlags,
  ...windowFlags,
  service: { type: 'string', value: '<name>', help: 'only lines of this service' },
  sample: { type: 'string', value: '<n>', help: 'how many of the newest lines are looked at (2000)' },
  ...outputFlags,
} as const

type Values = ValuesOf<typeof flags>

/** What was looked at, and what came of it. */
interface Report {
  findings: Finding[]
  looked: string[]
  services?: ServiceLines[]
}

/** `spanlog doctor`: finds out why lines and traces do not come together. */
export const doctor = defineCommand({
  usage: '[folder | trace-id]',
  flags,
  examples: [
    'spanlog doctor',
    "spanlog doctor --run 'node --import ./tracing.mjs server.js'",
    'spanlog doctor --loki http://localhost:3100 --since 1h',
    'spanlog doctor 0af7651916cd43dd8448eb211c80319c --loki … --tempo …',
  ],
  help: [
    [
      'Without arguments it looks at the project in this folder: what is installed,',
      'what the code imports, and, in a process of its own, whether the packages work',
      'together. With --run also at the service while it runs, with a store at what',
      'arrives there, with a trace ID at what the stores have of it.',
    ],
    [
      'Output: findings on stdout, the worst first, each with its code and',
      'its remedy. With --json { passed, looked, findings, services }.',
      '',
      'Exit codes of doctor:',
      '  0    no finding is an error',
      '  5    one is',
    ],
  ],
  async run({ values, positionals }, session) {
    const [first, ...more] = positionals
    if (more.length > 0)
      throw new SpanlogError('INVALID_OPTION', `Expected one folder or trace ID, got ${positionals.length} words`, {
        remedy: 'see spanlog doctor --help',
      })
    const isTrace = first !== undefined && !existsSync(first) && holdsTraceId(first)
    if (first !== undefined && !isTrace && !existsSync(first))
      throw new SpanlogError('INVALID_OPTION', `Expected a folder or a trace ID, got ${JSON.stringify(first)}`, {
        remedy: 'check its path',
      })
    const places = await placesOf(values, [], process.env)
    const report: Report = { findings: [], looked: [] }
    const isGiven = [values.file, values.loki, values.victorialogs, values.tempo, values.jaeger, values.zipkin].some(
      (given) => given !== undefined,
    )
    if (isTrace) await lookAtTrace(findTraceId(first), places, values, report, session)
    else {
      if (first !== undefined || !isGiven) await lookAtProject(first ?? '.', report, session)
      if (isGiven) await lookAtLines(places, values, report, session)
    }
    if (values.run !== undefined) await lookAtRun(values.run, isTrace ? '.' : (first ?? '.'), values, report, session)
    if (isTrace || isGiven) await lookAtClocks(places, report)
    report.findings = inOrder(report.findings)
    await tell(report, values, session)
    return report.findings.some(({ severity }) => severity === 'error') ? exitCodes.broken : exitCodes.found
  },
})

async function lookAtProject(folder: string, report: Report, session: Session): Promise<void> {
  session.progress(`looking at ${folder}`)
  const { checkProject } = await import('../doctor/project.js')
  const project = path.resolve(folder)
  report.findings.push(...(await checkProject(project)))
  report.looked.push(project)
}

async function lookAtRun(
  command: string,
  folder: string,
  { for: duration = '5s' }: Values,
  report: Report,
  session: Session,
): Promise<void> {
  session.progress(`running ${command}`)
  const { checkRun } = await import('../doctor/project.js')
  const afterMs = parseDurationMs('--for', duration)
  report.findings.push(...(await checkRun(command, { cwd: path.resolve(folder), afterMs, signal: session.signal })))
  report.looked.push(command)
}

async function lookAtLines(places: Places, values: Values, report: Report, session: Session): Promise<void> {
  const { checkLines, countLines } = await import('../doctor/check-lines.js')
  const { signal } = session
  const limit = parseCount('--sample', values.sample ?? '2000', 1)
  for (const source of await logSources(places)) {
    session.progress('looking at lines')
    const { service, to } = values
    const query = source.search({
      ...fromOf(values),
      ...(to !== undefined && { to }),
      ...(service !== undefined && { service }),
      limit,
      signal,
    })
    const { entries, verdict } = await query.collect()
    const failed = verdict.reasons.find(({ code }) => !['LIMIT_REACHED', 'HOLDS_FOR'].includes(code))
    if (entries.length === 0 && failed !== undefined) {
      report.findings.push(finding('STORE_FAILED', `${failed.code}: ${failed.message}`))
      continue
    }
    const services = countLines(entries)
    report.services = [...(report.services ?? []), ...services]
    const where = places.loki === undefined ? 'in the window' : 'in the window of Loki'
    report.findings.push(...checkLines(services, where))
    report.looked.push(count(entries.length, 'line'))
  }
}

async function lookAtTrace(traceId: string, places: Places, values: Values, report: Report, session: Session): Promise<void> {
  const { checkTrace } = await import('../doctor/check-trace.js')
  session.progress('looking at the trace')
  const traces = await traceSources(places)
  const logs = await logSources(places, traces)
  if (traces.length + logs.length === 0)
    throw new SpanlogError('INVALID_OPTION', 'no store to look for the trace in', { remedy: 'give --loki, --tempo or --file' })
  const { to } = values
  const found = await gatherTrace(traceId, { logs, traces }, { ...fromOf(values), ...(to !== undefined && { to }), signal: session.signal })
  const reasons = [...(found.logs?.reasons ?? []), ...(found.spans?.reasons ?? [])].filter(({ code }) =>
    /^(?:LOKI|VICTORIALOGS|TEMPO|JAEGER|ZIPKIN|FILE)_/.test(code),
  )
  report.findings.push(...reasons.map(({ code, message }) => finding('STORE_FAILED', `${code}: ${message}`)))
  report.findings.push(
    ...checkTrace({
      traceId,
      ...(found.logs && { lines: { entries: found.entries, complete: found.logs.complete } }),
      ...(found.spans && { spans: found.spans }),
    }),
  )
  report.looked.push(`trace ${traceId}: ${count(found.entries.length, 'line')}, ${count(found.spans?.trace?.spans.length ?? 0, 'span')}`)
}

/** What each store answers without looking anything up. */
const cheapPaths = { loki: '/ready', victorialogs: '/health', tempo: '/ready', jaeger: '/', zipkin: '/health' } as const

async function lookAtClocks(places: Places, report: Report): Promise<void> {
  const { checkClock } = await import('../doctor/clock.js')
  const checks = Object.entries(cheapPaths).map(async ([store, at]) => {
    const remote = places[store as keyof typeof cheapPaths]
    return remote === undefined ? [] : checkClock(`the ${store} at ${new URL(remote.url).host}`, remote, at)
  })
  report.findings.push(...(await Promise.all(checks)).flat())
}

const mostPaths = 8

/** Rows of a text that begins at the column `used`, and goes on at the sixth. */
function folded(text: string, width: number, used: number): string[] {
  const escaped = escapeText(text)
  return wrap(escaped, width - used, width - 6, 20).rows.map(([start, end]) => escaped.slice(start, end))
}

const marks = { error: ['✗', 'red'], warning: ['!', 'yellow'], info: ['i', 'cyan'] } as const

async function tell({ findings, looked, services = [] }: Report, values: Values, session: Session): Promise<void> {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  if (values.json === true) {
    await session.print(`${jsonText({ passed: errors === 0, looked, findings, ...(services.length > 0 && { services }) })}\n`)
    return
  }
  const paint = painter(session.color && values['no-color'] !== true)
  const width = Math.max(40, session.width ?? Number.POSITIVE_INFINITY)
  for (const { code, severity, what, paths = [], remedy } of findings) {
    const [mark, color] = marks[severity]
    const head = `${mark} ${code}`
    const [first = '', ...more] = folded(what, width, head.length + 2)
    const rows = [
      `${paint(color, head)}  ${first}`,
      ...more.map((row) => `    ${row}`),
      ...paths.slice(0, mostPaths).map((at) => paint('dim', `    ${escapeText(at)}`)),
      ...(paths.length > mostPaths ? [paint('dim', `    … ${paths.length - mostPaths} more: --json has all`)] : []),
      ...folded(remedy, width, 6).map((row, i) => `    ${i === 0 ? '→ ' : '  '}${row}`),
    ]
    await session.print(`${rows.join('\n')}\n`)
  }
  if (services.length > 0) {
    const columns = [
      { title: 'service', text: true as const },
      ...['lines', 'with ID', 'metadata', 'label', 'text'].map((title) => ({ title })),
    ]
    const rows = services.map((one) => [
      one.service ?? '(none)',
      ...[one.lines, one.withIds, one.metadata, one.label, one.text].map(String),
    ])
    await session.print(`${tableRows(columns, rows, session.width ?? 80, paint).join('\n')}\n`)
  }
  const others = findings.length - errors
  await session.note(
    `${findings.length === 0 ? 'no findings' : `${count(errors, 'error')}, ${count(others, 'other finding')}`}; looked at ${looked.map(escapeText).join(', ') || 'nothing'}`,
  )
}
