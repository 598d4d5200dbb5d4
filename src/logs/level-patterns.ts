import { severityNamesFrom, severityOfPinoLevel } from '../fields/severity.js'

/** What is looked for in lines of a level, in whichever store. */
export interface LevelPatterns {
  /** What each name of such a level begins with, in lower case. */
  words: readonly string[]
  /** The beginnings of their numbers, OpenTelemetry's and pino's, behind zeros: alternatives of a regular expression, to be put into a group. */
  numbers: string
}

/** Below this nearly every line passes, and to sift would only cost. */
const leastSifted = 13

/** What stands in every line of a level of at least this; `undefined` where it is not worth looking for. */
export function levelPatterns(least: number): LevelPatterns | undefined {
  if (least < leastSifted) return undefined
  const names = severityNamesFrom(least)
  const tens = [1, 2, 3, 4, 5, 6].find((ten) => severityOfPinoLevel(ten * 10) >= least)
  const numbers = [
    ...Array.from({ length: 25 - least }, (_, index) => String(least + index)),
    ...(tens === undefined ? [] : [`[${tens}-9][0-9]`, '[0-9]{3}', '[0-9]+[.eE]']),
  ]
  // Each costs time with every line; where `err` stands in a line, `error` need not be looked for.
  const words = names.filter((name) => !names.some((other) => other !== name && name.includes(other)))
  return { words, numbers: numbers.join('|') }
}
