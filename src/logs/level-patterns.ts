import { severityNamesFrom, severityOfPinoLevel } from '../fields/severity.js'

/** Alternatives of regular expressions, to be put into groups, that mean the same to every store. */
export interface LevelPatterns {
  /** The beginnings of names of levels: in lower case, in upper case and with a capital, since to look for any case takes ten times as long. */
  words: string
  /** The beginnings of their numbers, OpenTelemetry's and pino's, behind zeros. */
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
  return {
    words: words.flatMap((word) => [word, word.toUpperCase(), word[0]?.toUpperCase() + word.slice(1)]).join('|'),
    numbers: numbers.join('|'),
  }
}
