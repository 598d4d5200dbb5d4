import { parseArgs } from 'node:util'
import { SpanlogError, unexpected } from '../errors.js'
import { exitHelp } from './exit.js'

interface Option {
  type: 'string' | 'boolean'
  multiple?: true
  short?: string
  /** How the value is called in the help. */
  value?: string
  help: string
  /** The commands that have it; all where it is absent. */
  only?: readonly Command[]
}

/** The commands, and what each does. */
export const commands = {
  logs: 'print every log line of a trace, in time order',
  trace: 'draw a trace with each log line under its span',
} as const

export type Command = keyof typeof commands

const options = {
  file: {
    type: 'string',
    multiple: true,
    short: 'f',
    value: '<path>',
    help: 'a file or folder of logs (NDJSON, logfmt, text; plain or gzip), or a pattern in quotes, such as `logs/**/*.log`; `-` is standard input. `trace` takes its spans (OTLP-JSON) from there too: a line with `resourceSpans` is spans, any other is a log line. May be repeated',
  },
  loki: { type: 'string', value: '<url>', help: 'a Loki with log lines' },
  tempo: { type: 'string', value: '<url>', help: 'a Tempo with spans', only: ['trace'] },
  tenant: { type: 'string', value: '<id>', help: 'the tenant of Loki and Tempo, sent as X-Scope-OrgID' },
  header: {
    type: 'string',
    multiple: true,
    short: 'H',
    value: "'Name: value'",
    help: 'sent to Loki and Tempo with each request. May be repeated',
  },
  selector: { type: 'string', value: '<logql>', help: 'the streams of Loki to search, such as {app="shop"}; narrower is faster' },
  from: {
    type: 'string',
    value: '<time>',
    help: 'lines from this time on: ISO 8601, nanoseconds since the epoch, or a span before now such as 2h',
  },
  to: { type: 'string', value: '<time>', help: 'lines before this time; same forms' },
  mentions: { type: 'boolean', help: 'also lines that only mention the trace, in their text' },
  verbose: { type: 'boolean', short: 'v', help: 'the verdict with all of its reasons, and all that a proof holds for' },
  json: { type: 'boolean', help: 'for machines, times as decimal strings of nanoseconds' },
  'no-color': { type: 'boolean', help: 'no colours; nor are there any with NO_COLOR set, or where the output is no terminal' },
  timeout: { type: 'string', value: '<duration>', help: 'for each request to Loki or Tempo, such as 500ms, 30s, 2m (30s)' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
  version: { type: 'boolean', help: "spanlog's version" },
} as const satisfies Record<string, Option>

type Options = typeof options

/** The values of the options that were given. */
export type Values = {
  [Name in keyof Options]?: Options[Name] extends { multiple: true } ? string[] : Options[Name]['type'] extends 'string' ? string : boolean
}

/** A command line, read. `positionals` are all that is no option. */
export interface CommandLine {
  values: Values
  positionals: string[]
}

/** @throws SpanlogError INVALID_OPTION for an option that the command does not have, or without its value */
export function parseCommandLine(command: Command | undefined, args: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: optionsOf(command), allowPositionals: true })
    return { values, positionals }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Node's text ends in advice on `--`, which is no help here.
    throw new SpanlogError('INVALID_OPTION', error.message.replace(/\. To specify.*/s, '').replace(/\.$/, ''), {
      cause: error,
      remedy: `see spanlog ${command === undefined ? '' : `${command} `}--help`,
    })
  }
}

function optionsOf(command: Command | undefined): Record<string, Option> {
  const all: [string, Option][] = Object.entries(options)
  return Object.fromEntries(all.filter(([, { only }]) => command === undefined || only === undefined || only.includes(command)))
}

const units = { ms: 1, s: 1000, m: 60_000 } as const

/** `500ms`, `30s` or `2m` in milliseconds. */
export function parseDurationMs(name: string, text: string): number {
  const [, count, unit] = /^(\d{1,9})(ms|s|m)$/.exec(text.trim()) ?? []
  if (count === undefined || unit === undefined) throw unexpected(name, 'a duration such as 500ms, 30s or 2m', text)
  return Number(count) * units[unit as keyof typeof units]
}

/** The help of a command, or of them all. */
export function helpText(command: Command | undefined): string {
  const usage = Object.entries(commands)
    .filter(([name]) => command === undefined || name === command)
    .map(([name, does]) => `  spanlog ${`${name} <trace-id>`.padEnd(17)} ${does}`)
  const described = Object.entries(optionsOf(command)).map(([name, { short, value, help }]) => {
    const flags = `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return [flags, ...wrapped(help, 72).map((row) => `      ${row}`)].join('\n')
  })
  return [
    'Usage: spanlog <command> <trace-id> [file or folder ...] [options]',
    '',
    ...usage,
    '',
    ...wrapped(
      'The trace ID is found in whatever is pasted: 32 hex digits, a traceparent, a URL, a log line, an ID of X-Ray or one with dashes. Files and folders may stand behind it. Several sources at once are merged by time; a line that two of them hold under the same time comes once.',
      78,
    ),
    '',
    'Options:',
    ...described,
    '',
    ...environment,
    '',
    ...(command === undefined ? Object.keys(output) : [command]).flatMap((name) => output[name as Command]),
    '',
    exitHelp,
  ].join('\n')
}

const environment = [
  'Environment:',
  '  LOKI_URL (or LOKI_ADDR), TEMPO_URL   where no source is on the command line',
  '  LOKI_ORG_ID, LOKI_USERNAME, LOKI_PASSWORD, LOKI_BEARER_TOKEN, and the same',
  '  with TEMPO_: the tenant and the credentials of each',
  '  NO_COLOR   no colours',
  '  COLUMNS    the width where the output is no terminal; without it, logs prints',
  '             each line whole on one row, and trace draws 80 columns',
  '  SPANLOG_DEBUG=1   errors with their stack',
]

const output: Record<Command, string[]> = {
  logs: [
    'Output of logs: lines on stdout (without pid and hostname, which --json has),',
    'the verdict on stderr. With --json one entry a line on stdout, and the verdict',
    'with all of its reasons as one line of JSON on stderr.',
  ],
  trace: [
    'Output of trace: the picture on stdout, the verdict on stderr. With --json one',
    'document on stdout: { trace, entries, verdict: { complete, logs, trace } }.',
  ],
}

function wrapped(text: string, width: number): string[] {
  return text.match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)`, 'g')) ?? []
}
