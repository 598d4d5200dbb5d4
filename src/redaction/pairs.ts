/**
 * Whether the items of a list are names and values by turns: a pair (`['authorization', 'Basic …']`, as `Headers` and `Object.entries`
 * give them), or headers in one row (Node's `rawHeaders`). In any other list a name is a word like any other.
 */
export function isOfPairs(listName: string, isTwo: boolean): boolean {
  return isTwo || headers.test(listName)
}

const headers = /(?:headers?|trailers?|metadata)$/i
/** A longer text is no name. */
export const longestItemName = 100

/** `['--password', 'x']`: the arguments of a command. */
export function isOption(text: string): boolean {
  return text.startsWith('--')
}

/** The name that counts for an item of a list: that which stands before it, else the list's own. */
export function nameOfItem(listName: string, list: readonly unknown[], at: number): string {
  const before = list[at - 1]
  if (typeof before === 'string' && isOption(before) && typeof list[at] === 'string' && !isOption(list[at])) return before
  if (at % 2 === 0) return listName
  const isName = typeof before === 'string' && before.length <= longestItemName
  return isName && isOfPairs(listName, list.length === 2) ? before : listName
}
