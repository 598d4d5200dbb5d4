#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SpanlogError } from '../errors.js'
import { exitCodes } from './exit.js'
import { type Command, type CommandLine, commands, helpText, parseCommandLine } from './options.js'
import { openSession, type Session } from './session.js'

// Loaded when it is asked for: `--help` and `--version` need none of them.
const modules: Record<Command, () => Promise<{ run(line: CommandLine, session: Session): Promise<number> }>> = {
  logs: () => import('./logs.js'),
  trace: () => import('./trace.js'),
}

async function main(args: readonly string[], session: Session): Promise<number> {
  const [first = '', ...rest] = args
  const command = isCommand(first) ? first : undefined
  const line = parseCommandLine(command, command === undefined ? args : rest)
  if (line.values.help === true) {
    await session.print(`${helpText(command)}\n`)
    return exitCodes.found
  }
  if (line.values.version === true) {
    await session.print(`${version()}\n`)
    return exitCodes.found
  }
  if (command === undefined || line.positionals.every((word) => word === '')) {
    const expected = command === undefined ? `a command, one of ${Object.keys(commands).join(', ')}` : 'a trace ID'
    const problem = `Expected ${expected}, got ${first === '' || command !== undefined ? 'none' : JSON.stringify(first)}`
    throw new SpanlogError('INVALID_OPTION', problem, { remedy: 'see spanlog --help' })
  }
  const module = await modules[command]()
  return module.run(line, session)
}

function isCommand(text: string): text is Command {
  return Object.hasOwn(commands, text)
}

function version(): string {
  const manifest = readFileSync(path.join(__dirname, '../../../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** One line for a person; a fault of spanlog's own, and whatever is asked for by SPANLOG_DEBUG, with its stack. */
async function report(error: unknown, session: Session): Promise<number> {
  const { escapeText } = await import('../view/terminal/text.js')
  const known = error instanceof SpanlogError
  const shown = error instanceof Error ? error : new Error(String(error))
  const withStack = !known || process.env['SPANLOG_DEBUG'] === '1'
  const rows = (withStack ? (shown.stack ?? shown.message) : shown.message).split('\n')
  await session.note(`spanlog: ${rows.map(escapeText).join('\n')}`)
  if (!known) return exitCodes.bug
  return error.code.startsWith('INVALID_') ? exitCodes.usage : exitCodes.failed
}

async function start(): Promise<void> {
  const session = openSession(process.env)
  const code = await main(process.argv.slice(2), session).catch((error: unknown) => report(error, session))
  await session.flush()
  const early = session.ended()
  process.exitCode = early === 'interrupted' ? exitCodes.interrupted : early === 'reader gone' ? exitCodes.found : code
}

void start()
