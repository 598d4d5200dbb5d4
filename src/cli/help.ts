import type { Command, Flags } from './command.js'
import { type CommandName, commands } from './commands.js'
import { exitHelp } from './exit.js'
import { generalFlags } from './options.js'

const environment = [
  'Environment:',
  '  LOKI_URL (or LOKI_ADDR), VICTORIALOGS_URL, TEMPO_URL, JAEGER_URL, ZIPKIN_URL',
  '      the stores, where no source is on the command line',
  '  LOKI_ORG_ID, LOKI_USERNAME, LOKI_PASSWORD, LOKI_BEARER_TOKEN, and the same',
  '  with VICTORIALOGS_, TEMPO_, JAEGER_, ZIPKIN_',
  '      the tenant and the credentials of each',
  '  LOKI_CA_CERT_PATH, LOKI_CLIENT_CERT_PATH, LOKI_CLIENT_KEY_PATH, and the same',
  '  with VICTORIALOGS_, TEMPO_, JAEGER_, ZIPKIN_',
  '      files in PEM for https',
  '  HTTP_PROXY, HTTPS_PROXY, NO_PROXY',
  '      as everywhere',
  '  NO_COLOR   no colours',
  '  COLUMNS    the width where the output is no terminal; without it lines are',
  '             printed whole, and pictures drawn with 80 columns',
  '  SPANLOG_DEBUG=1   errors with their stack',
]

const files = [
  'Files:',
  '  spanlog.json in the working folder, else ~/.config/spanlog/spanlog.json',
  '      stores and credentials that neither flags nor environment name, such as',
  '      { "files": ["/var/log"], "loki": { "url": "https://loki", "tenant": "a" },',
  '        "tempo": { "url": "https://tempo" }, "maxBytes": "10GB" };',
  '      of each store url, tenant, username, password, bearerToken, headers and',
  '      tls: { ca, cert, key }, of those of lines also selector; beside them',
  '      grafana: { url, loki, tempo } and audit',
]

/** The help of all commands: what there is. */
export function overview(): string {
  const names = Object.keys(commands) as CommandName[]
  const width = Math.max(...names.map(({ length }) => length))
  return [
    'spanlog: every log line knows its trace, every trace can show its logs',
    '',
    'Usage: spanlog <command> [options]',
    '',
    ...names.map((name) => `  spanlog ${name.padEnd(width)}  ${commands[name].does}`),
    '',
    '`spanlog <command> --help` has the options of each.',
    '',
    ...described(generalFlags),
    '',
    ...environment,
    '',
    ...files,
    '',
    exitHelp,
  ].join('\n')
}

/** All that a user must know of one command: a page of a manual. */
export function helpOf(name: CommandName, { usage, flags, examples, help }: Command): string {
  return [
    `Usage: spanlog ${name} ${usage} [options]`,
    '',
    ...wrapped(
      `${commands[name].does}.`.replace(/^./, (letter) => letter.toUpperCase()),
      78,
    ),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    'Options:',
    ...described({ ...flags, ...generalFlags }),
    '',
    ...help.flatMap((section) => [...section, '']),
    ...(Object.hasOwn(flags, 'config') ? [...environment, '', ...files, ''] : []),
    exitHelp,
  ].join('\n')
}

function described(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, { short, value, help }]) => {
    const row = `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
    return [row].concat(wrapped(help, 72).map((line) => `      ${line}`))
  })
}

function wrapped(text: string, width: number): string[] {
  return text.match(new RegExp(`\\S.{0,${width - 1}}(?=\\s|$)`, 'g')) ?? []
}
