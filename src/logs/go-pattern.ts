/** What means the same to Go, or to Go something wider. A character of JavaScript may be half of one of Go, so `.` needs its `*`. */
const samePattern = /^(?:[\w !"#%&',/:;<=>@~`-]|\\[dwb]|\\[.\\[\](){}*+?^$|/-]|\.\*|\((?:\?:|(?!\?))|[*+?|)^$])*$/

/**
 * A pattern of Go's that matches every line that a RegExp of JavaScript matches; `undefined` where that is not sure.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function goPattern({ source, flags }: RegExp): string | undefined {
  if (!samePattern.test(source) || /[^isu]|i.*u/.test(flags)) return undefined
  return `(?${flags.includes('i') ? 'i' : ''}s)${source}`
}
