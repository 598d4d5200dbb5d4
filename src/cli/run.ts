import { readFileSync } from 'node:fs'
import path from 'node:path'
import { SpanlogError } from '../errors.js'
import type { Command } from './command.js'
import { commands, isCommand } from './commands.js'
import { exitCodes } from './exit.js'
import { generalFlags } from './options.js'
import { meant, parseCommandLine } from './parse.js'
import type { Session } from './session.js'

/** Runs one command line, as a program does: what fails is reported, and told by the exit code that it returns. */
export async function run(args: readonly string[], session: Session): Promise<number> {
  const code = await main(args, session).catch((error: unknown) => report(error, session))
  await session.flush()
  const early = session.ended()
  if (early instanceof SpanlogError) return report(early, session)
  return early === 'interrupted' ? exitCodes.interrupted : early === 'reader gone' ? exitCodes.found : code
}

async function main(args: readonly string[], session: Session): Promise<number> {
  const [first = '', ...rest] = args
  if (isCommand(first)) {
    const command: Command = await commands[first].load()
    const line = parseCommandLine(first, { ...command.flags, ...generalFlags }, rest)
    if (line.values.help === true) return answer((await import('./help.js')).helpOf(first, command), session)
    return line.values.version === true ? answer(version(), session) : command.run(line, session)
  }
  if (first.startsWith('-')) {
    const { values } = parseCommandLine(undefined, generalFlags, args)
    if (values.help === true) return answer((await import('./help.js')).overview(), session)
    if (values.version === true) return answer(version(), session)
  }
  const names = Object.keys(commands)
  const problem = `Expected a command, one of ${names.join(', ')}, got ${first === '' ? 'none' : JSON.stringify(first)}`
  throw new SpanlogError('INVALID_OPTION', problem, { remedy: `${meant(first, names)}see spanlog --help` })
}

async function answer(text: string, session: Session): Promise<number> {
  await session.print(`${text}\n`)
  return exitCodes.found
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
