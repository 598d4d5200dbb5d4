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
    const [, unknown = ''] = /^Unknown option '--([^']*)'/.exec(error.message) ?? []
    // Node's text ends in advice on `--`, which is no help here.
    throw new SpanlogError('INVALID_OPTION', error.message.replace(/\. To specify.*/s, '').replace(/\.$/, ''), {
      cause: error,
      remedy: `${meant(unknown, Object.keys(flags), '--')}see spanlog ${name === undefined ? '' : `${name} `}--help`,
    })
  }
}

/** `did you mean --since? `, where one of the names is within two letters of what was given. */
export function meant(given: string, names: readonly string[], prefix = ''): string {
  const near = names.map((name) => ({ name, edits: editsBetween(given, name) })).toSorted((a, b) => a.edits - b.edits)
  const [{ name, edits } = { name: '', edits: Infinity }] = near
  return edits > 2 || edits >= name.length / 2 ? '' : `did you mean ${prefix}${name}? `
}

/** Letters to add, drop or change, or neighbours to swap (Damerau and Levenshtein's distance of optimal alignments). */
function editsBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const [row, above, twoAbove] = [[i], rows[i - 1]!, rows[i - 2]]
    for (let j = 1; j <= b.length; j++) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (twoAbove?.[j - 2] ?? Infinity) + 1 : Infinity
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + Number(a[i - 1] !== b[j - 1]), swapped))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
