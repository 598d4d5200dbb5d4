/** What the exit code says, as `--help` shows it. */
export const exitCodes = {
  found: 0,
  none: 1,
  usage: 2,
  failed: 3,
  incomplete: 4,
  broken: 5,
  bug: 70,
  interrupted: 130,
} as const

export const exitHelp = `Exit codes:
  0    found, and proven complete; also where the reader closed the pipe early
  1    nothing found, and proven that there is nothing
  2    wrong usage
  3    nothing found, but a source failed, was unreachable or could not prove it
  4    found, but not proven complete: the last line on stderr says why
  5    a limit is broken (check), or something is (doctor)
  70   an error of spanlog itself
  130  interrupted (Ctrl-C); what was read until then is printed`

/** @param found - whether anything was printed */
export function exitCodeOf(found: boolean, complete: boolean): number {
  if (found) return complete ? exitCodes.found : exitCodes.incomplete
  return complete ? exitCodes.none : exitCodes.failed
}
