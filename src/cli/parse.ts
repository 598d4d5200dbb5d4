import { parseArgs } from 'node:util'
import { SpanlogError } from '../errors.js'
import type { CommandLine, Flags } from './command.js'
import type { CommandName } from './commands.js'

/** @throws SpanlogError INVALID_OPTION for a flag that the command does not have, or without its value */
export function parseCommandLine<F extends Flags>(name: CommandName | undefined, flags: F, args: readonly string[]): CommandLine<F> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true })
    return { values, positionals }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // Node's text ends in advice on `--`, which is no help here.
    throw new SpanlogError('INVALID_OPTION', error.message.replace(/\. To specify.*/s, '').replace(/\.$/, ''), {
      cause: error,
      remedy: `see spanlog ${name === undefined ? '' : `${name} `}--help`,
    })
  }
}
