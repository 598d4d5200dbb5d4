import { cutBytes } from '../../files/joined.js'
import { levelPatterns } from '../level-patterns.js'

/** What stands in the name of every field of a level, and is rare elsewhere: `level`, `severity`, `lvl`, `@l`. */
const inNames = ['v', '@l']
/** What may be a level and does not show it: a character that JSON escapes, a colour. */
const opaque = ['\\u00', '\u001b']
const syslogPriority = /<\d{1,3}>/
/** What stands between a name and its value, of quotes and white space as texts in texts escape them. */
const between = String.raw`(?:[\s"'\\+]|(?<=\\)[tnr])*`

/**
 * Tells the lines that surely have no such level, nor one above it, which spares reading them: that takes ten times as long. The others
 * have the name of one, the number of one behind a name such as `level` or `severity_number`, in quotes of any depth, or what may be
 * either. A runtime cuts in the middle of a name or a number.
 *
 * Not one regular expression: of so many alternatives in any case that takes as long as reading.
 *
 * @returns undefined where nearly every line would pass
 */
export function levelSift(least: number): ((line: string) => boolean) | undefined {
  const patterns = levelPatterns(least)
  if (patterns === undefined) return undefined
  const { words, numbers, severityNumbers } = patterns
  const number = new RegExp(
    String.raw`(?:v(?:l|el|erity)|@l)[_.-]*(?:(?:name|text)?${behind(numbers)}|number${behind(severityNumbers)})`,
    'y',
  )
  const isNumbered = (line: string, part: string): boolean => {
    for (let at = line.indexOf(part); at >= 0; at = line.indexOf(part, at + 1)) {
      number.lastIndex = at
      if (number.test(line)) return true
    }
    return false
  }
  return (line) => {
    const folded = line.toLowerCase()
    return (
      words.some((word) => folded.includes(word)) ||
      inNames.some((part) => isNumbered(folded, part)) ||
      opaque.some((text) => folded.includes(text)) ||
      (folded.includes('<') && syslogPriority.test(folded)) ||
      (line.length > cutBytes && line.includes('\n'))
    )
  }
}

/** A number behind a name, or an object that may hold it. */
function behind(numbers: string): string {
  return String.raw`[_.-]*${between}[:=]${between}(?:\{|0*(?:${numbers}|[xob.]))`
}
