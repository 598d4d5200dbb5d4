import type { Command } from './command.js'

/** Every command: what it does, and where it is. Loaded when it is asked for: `--version` needs none of them. */
export const commands = {
  find: { does: 'find traces by their lines and spans', load: async () => (await import('./find.js')).find },
  logs: { does: 'print every log line of a trace, in time order', load: async () => (await import('./logs.js')).logs },
  trace: { does: 'draw a trace with each log line under its span', load: async () => (await import('./trace.js')).trace },
  compare: { does: 'what two traces, or two releases, do differently', load: async () => (await import('./compare.js')).compare },
  map: { does: 'draw which service calls which', load: async () => (await import('./map.js')).map },
  report: { does: 'errors, latencies and anomalies over many traces', load: async () => (await import('./report.js')).report },
  check: { does: 'hold traces to budgets: a quality gate', load: async () => (await import('./check.js')).check },
  watch: { does: 'hold live traffic to budgets, and call when one breaks', load: async () => (await import('./watch.js')).watch },
  doctor: { does: 'find out why lines and traces do not come together', load: async () => (await import('./doctor.js')).doctor },
  completion: { does: "print a shell's completion script", load: async () => (await import('./completion.js')).completion },
  view: { does: 'show a trace with its lines in the browser, or in one file', load: async () => (await import('./view.js')).view },
} as const satisfies Record<string, { does: string; load: () => Promise<Command> }>

export type CommandName = keyof typeof commands

export function isCommand(text: string): text is CommandName {
  return Object.hasOwn(commands, text)
}
