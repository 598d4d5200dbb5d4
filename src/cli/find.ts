import { count } from '../view/count.js'
import { type Finding, findingDrawer } from '../view/terminal/findings.js'
import { escapeJson } from '../view/terminal/text.js'
import { defineCommand, type ValuesOf } from './command.js'
import { costText } from './costs.js'
import { exitCodeOf } from './exit.js'
import { findTraces, searchFlags, searchHelp } from './find-traces.js'
import { csvRow, type Format, formatFlags, formatOf, isoNano, logfmtRow } from './formats.js'
import { logFlags, outputFlags, parseCount, sourceFlags, traceFlags, windowFlags } from './options.js'
import type { Session } from './session.js'
import { placesOf } from './sources.js'
import { spoolPipes } from './spool.js'
import { verdictJson, verdictText } from './verdict.js'

const flags = {
  ...searchFlags,
  ids: { type: 'boolean', help: 'the trace IDs only, one a line' },
  ...sourceFlags,
  ...logFlags,
  ...traceFlags,
  ...windowFlags,
  stats: { type: 'boolean', help: 'what the query over lines has cost: requests, bytes, time' },
  ...outputFlags,
  ...formatFlags,
} as const

type Values = ValuesOf<typeof flags>

/** `spanlog find`: from an incident to its traces. */
export const find = defineCommand({
  usage: '[file or folder ...]',
  flags,
  examples: [
    'spanlog find --level error --service orders --grep refused --since 1h',
    'spanlog find --errors --slower 2s --tempo http://localhost:3200',
    'spanlog find --level fatal --ids | head -1 | xargs spanlog trace',
  ],
  help: [
    searchHelp,
    [
      'Output: the traces on stdout, newest first, with counts, services and the',
      'first error; counts of lines are of those that fit. The verdict on stderr says',
      'whether there may be more.',
    ],
  ],
  async run({ values, positionals }, session) {
    const limit = parseCount('--limit', values.limit ?? '20', 1)
    const format = formatOf(values)
    const places = await placesOf(values, positionals, process.env)
    // Lines and spans are both read from what a pipe gives once only.
    const spool = await spoolPipes(places.files, session.signal)
    try {
      const { findings, verdict, stats } = await findTraces(values, { ...places, files: spool.files }, limit, session)
      await print(findings, format, values, session)
      if (format === 'json') {
        const told = { traces: findings.length, ...verdictJson(verdict), ...(values.stats && { stats }) }
        await session.note(escapeJson(JSON.stringify(told)))
      } else {
        if (values.stats === true && stats !== undefined) await session.note(costText(stats))
        await session.note(verdictText(findings.length === 0 ? 'no traces' : count(findings.length, 'trace'), verdict, values.verbose))
      }
      return exitCodeOf(findings.length > 0, verdict.complete)
    } finally {
      await spool.remove()
    }
  },
})

const columns = [
  'time',
  'trace_id',
  'duration_ms',
  'spans',
  'span_errors',
  'lines',
  'line_errors',
  'services',
  'root',
  'first_error',
] as const

async function print(findings: readonly Finding[], format: Format | undefined, values: Values, session: Session): Promise<void> {
  if (format === 'csv' && values.ids !== true) await session.print(csvRow(columns))
  const width = session.width ?? Number.POSITIVE_INFINITY
  const draw = findingDrawer({ width, color: session.color && values['no-color'] !== true })
  for (const finding of findings) await session.print(values.ids === true ? `${finding.traceId}\n` : formatted(finding, format, draw))
}

function formatted(finding: Finding, format: Format | undefined, draw: (finding: Finding) => string[]): string {
  if (format === undefined)
    return draw(finding)
      .map((row) => `${row}\n`)
      .join('')
  const { traceId, startUnixNano, durationMs, spans, lines, services, root, firstError } = finding
  if (format === 'json') {
    const text = JSON.stringify(finding, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    return `${escapeJson(text)}\n`
  }
  const values = [
    startUnixNano === undefined ? '' : isoNano(startUnixNano),
    traceId,
    durationMs ?? '',
    spans?.count ?? '',
    spans?.errors ?? '',
    lines?.count ?? '',
    lines?.errors ?? '',
    services.join(' '),
    root?.name ?? '',
    firstError?.message ?? '',
  ].map(String)
  if (format === 'csv') return csvRow(values)
  return logfmtRow(columns.flatMap((name, index) => (values[index] === '' ? [] : [[name, values[index]] as const])))
}
