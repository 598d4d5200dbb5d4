/** The part of the trace's time that is drawn, in milliseconds from its start. */
export interface Range {
  fromMs: number
  untilMs: number
}

/** Where a moment is in the range, 0 to 1; beyond these outside of it. */
export function shareOf({ fromMs, untilMs }: Range): (ms: number) => number {
  const length = untilMs - fromMs
  return (ms) => (length > 0 ? (ms - fromMs) / length : 0)
}

export function strip(left: number, right: number): { left: string; width: string } {
  const from = Math.max(0, left)
  return { left: cent(from), width: cent(Math.max(0, Math.min(1, right) - from)) }
}

/** For CSS. */
export function cent(share: number): string {
  return `${(share * 100).toFixed(3)}%`
}
