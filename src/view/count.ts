/** `1 line`, `12 lines`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/**
 * The errors and lines of a trace: `2 errors`, `9 lines` by the spans that failed; where none did, `9 lines (1 error)`, as what was only
 * logged must not be missed.
 */
export function troubleCounts(failedSpans: number, errorLines: number, lines: number): string[] {
  if (failedSpans > 0 || errorLines === 0) return [count(failedSpans, 'error'), count(lines, 'line')]
  return [`${count(lines, 'line')} (${count(errorLines, 'error')})`]
}
