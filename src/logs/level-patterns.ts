import { severityNamesFrom, severityOfPinoLevel } from '../fields/severity.js'

/** What is looked for in lines of a level, in whichever store. */
export interface LevelPatterns {
  /** What each name of such a level begins with, in lower case. */
  words: readonly string[]
  /** The beginnings of their numbers behind zeros, as pino counts: alternatives of a regular expression, to be put into a group. */
  numbers: string
  /** Likewise of OpenTelemetry's, which stand behind a name that ends in `number` alone: its 20 is an error, pino's is a debug line. */
  severityNumbers: string
}

/** Below this nearly every line passes, and to sift would only cost. */
const leastSifted = 13

/** What stands in every line of a level of at least this; `undefined` where it is not worth looking for. */
export function levelPatterns(least: number): LevelPatterns | undefined {
  if (least < leastSifted) return undefined
  const names = severityNamesFrom(least)
  const tens = [1, 2, 3, 4, 5, 6].find((ten) => severityOfPinoLevel(ten * 10) >= least)
  // A number may be written as `5e1`, or with a fraction.
  const ofPino = [...(tens === undefined ? [] : [`[${tens}-9][0-9]`, '[0-9]{3}']), '[0-9]+[.eE]']
  const ofOpenTelemetry = [...Array.from({ length: 25 - least }, (_, index) => String(least + index)), '[0-9]+[.eE]']
  // Each costs time with every line; where `err` stands in a line, `error` need not be looked for.
  const words = names.filter((name) => !names.some((other) => other !== name && name.includes(other)))
  return { words, numbers: ofPino.join('|'), severityNumbers: ofOpenTelemetry.join('|') }
}
