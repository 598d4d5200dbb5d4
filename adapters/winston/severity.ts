import { severityOfName } from '../../src/fields/severity.js'

const byRank = [17, 13, 9, 5]

/**
 * The severity number of a level. A name of the user's own is as severe as the nearest of the logger's less severe levels whose
 * name is known, else as the nearest more severe one; where none is known, the levels count from error downwards.
 *
 * @param levels - the logger's: the lower the number, the more severe
 */
export function severityOfLevel(name: string, levels: Readonly<Record<string, number>>): number {
  const known = severityOfName(name)
  if (known !== undefined) return known
  const names = Object.keys(levels).toSorted((a, b) => (levels[a] ?? 0) - (levels[b] ?? 0))
  const rank = names.indexOf(name)
  const nearest = [...names.slice(rank + 1), ...names.slice(0, Math.max(rank, 0)).toReversed()]
  for (const other of nearest) {
    const severity = severityOfName(other)
    if (severity !== undefined) return severity
  }
  return byRank[Math.min(Math.max(rank, 0), byRank.length - 1)] ?? 9
}
