/** OpenTelemetry's severity: a number from 1 (most verbose) to 24, and the logger's own word for it. */
export interface Severity {
  number: number
  text: string
}

/** Level names of pino, winston (npm, syslog and cli levels), and of what other services write. */
const numbers: Readonly<Record<string, number>> = {
  trace: 1,
  silly: 1,
  finest: 1,
  verbose: 5,
  debug: 5,
  fine: 5,
  data: 5,
  http: 9,
  info: 9,
  information: 9,
  informational: 9,
  input: 9,
  prompt: 9,
  help: 9,
  log: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  severe: 17,
  crit: 18,
  critical: 18,
  alert: 19,
  fatal: 21,
  panic: 21,
  emerg: 22,
  emergency: 22,
}

/** The severity number of a level's name in any case, or `undefined` for a word of one's own. */
export function severityOfName(name: string): number | undefined {
  const folded = name.toLowerCase()
  return Object.hasOwn(numbers, folded) ? numbers[folded] : undefined
}

/** The names that mean at least this severity. */
export function severityNamesFrom(least: number): string[] {
  return Object.keys(numbers).filter((name) => (numbers[name] ?? 0) >= least)
}

/** The severity number of a pino level: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal, and those between. */
export function severityOfPinoLevel(level: number): number {
  if (level < 20) return 1
  if (level < 30) return 5
  if (level < 40) return 9
  if (level < 50) return 13
  if (level < 60) return 17
  return 21
}

/** OpenTelemetry's word for a severity number, in lower case: `trace debug info warn error fatal`. */
export function severityName(number: number): string {
  return ['trace', 'debug', 'info', 'warn', 'error', 'fatal'][Math.min(5, Math.max(0, Math.ceil(number / 4) - 1))] ?? 'info'
}

export const ERROR_SEVERITY = 17
