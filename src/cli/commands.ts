import type { Command } from './command.js'

/** Every command: what it does, and where it is. Loaded when it is asked for: `--version` needs none of them. */
export const commands = {
  // find: { does: 'find traces by their lines and spans', load: async () => (await import('./find.js')).find },
  logs: { does: 'print every log line of a trace, in time order', load: async () => (await import('./logs.js')).logs },
  trace: { does: 'draw a trace with each log line under its span', load: async () => (await import('./trace.js')).trace },
  // completion: { does: "print a shell's completion script", load: async () => (await import('./completion.js')).completion },
} as const satisfies Record<string, { does: string; load: () => Promise<Command> }>

export type CommandName = keyof typeof commands

export function isCommand(text: string): text is CommandName {
  return Object.hasOwn(commands, text)
}
