/** Go's regular expressions repeat at most a thousand times. */
const maxPosition = 1000
const maxSample = 500

/**
 * A regular expression that about half of the lines match, by one character at one position from the start or from the end of the
 * line; `undefined` where no position tells them apart. With `|~` and `!~` it divides any lines into two exact complements, also
 * those that the sample does not show.
 *
 * ```
 * {"n":0,…    ^.{5}[\x{0}-\x{34}]    a character up to "4" at position 5,
 * {"n":7,…                           or another one, or a shorter line
 * ```
 */
export function halvingPattern(lines: readonly string[]): string | undefined {
  const every = Math.ceil(lines.length / maxSample)
  const sample = lines.filter((_, index) => index % every === 0)
  let best: { pattern: string; distance: number } | undefined
  for (const side of ['start', 'end'] as const) {
    const texts = sample.map((line) => charactersOf(line, side))
    const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
    for (let position = 0; position < Math.min(longest, maxPosition); position++) {
      for (const { upTo, matching } of cutsOf(texts.map((text) => text[position]?.codePointAt(0) ?? missing))) {
        const distance = Math.abs(matching - sample.length / 2)
        if (matching === 0 || matching === sample.length || (best !== undefined && distance >= best.distance)) continue
        const any = `.{${position}}`
        const characters = `[\\x{0}-\\x{${upTo.toString(16)}}]`
        best = { pattern: side === 'start' ? `(?s)^${any}${characters}` : `(?s)${characters}${any}$`, distance }
      }
      if (best !== undefined && best.distance <= sample.length / 8) return best.pattern
    }
  }
  return best?.pattern
}

/** Behind the end of a line: above every character. */
const missing = Number.POSITIVE_INFINITY

/** Characters, not UTF-16 units: Go counts these. */
function charactersOf(line: string, side: 'start' | 'end'): string[] {
  return side === 'start' ? Array.from(line.slice(0, 2 * maxPosition)) : Array.from(line.slice(-2 * maxPosition)).toReversed()
}

/** The middle one of the values, and the one below it, with how many of the values stand up to it. */
function cutsOf(values: readonly number[]): { upTo: number; matching: number }[] {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted[(sorted.length - 1) >> 1] ?? 0
  const first = sorted.indexOf(middle)
  return [
    { upTo: middle, matching: sorted.lastIndexOf(middle) + 1 },
    { upTo: sorted[first - 1] ?? 0, matching: first },
  ]
}
