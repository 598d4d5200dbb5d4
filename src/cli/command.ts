import type { Session } from './session.js'

/** An option of a command, as `parseArgs` takes it, with its help. */
export interface Flag {
  type: 'string' | 'boolean'
  multiple?: true
  short?: string
  /** How the value is called in the help. */
  value?: string
  /** The values that it may have, for the shell's completion. */
  choices?: readonly string[]
  help: string
}

export type Flags = Readonly<Record<string, Flag>>

/** The values of the flags that were given. */
export type ValuesOf<F extends Flags> = {
  [Name in keyof F]?: F[Name] extends { multiple: true } ? string[] : F[Name]['type'] extends 'string' ? string : boolean
}

/** A command line, read. `positionals` are all that is no flag. */
export interface CommandLine<F extends Flags = Flags> {
  values: ValuesOf<F>
  positionals: string[]
}

/** One command: one file, which is loaded when it is asked for. */
export interface Command<F extends Flags = Flags> {
  /** What stands behind its name, such as `<trace-id> [file or folder ...]`. */
  usage: string
  /** Beside `--help` and `--version`, which all have. */
  flags: F
  /** Command lines to copy, the commonest first; they open its help. At most 78 columns. */
  examples: readonly string[]
  /** Sections of its help behind the options, each rows of at most 80 columns. */
  help: readonly (readonly string[])[]
  /** @returns the exit code */
  run(line: CommandLine<F>, session: Session): Promise<number>
}

/** Gives `run` the types of the flags. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command
}
