type Version = [major: number, minor: number, patch: number]

/** The numbers of a version; a build or a pre-release behind them is left out. */
export function versionOf(text: string): Version | undefined {
  const [, major, minor, patch] = /^[v=]?(\d+)\.(\d+)\.(\d+)/.exec(text.trim()) ?? []
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)]
}

export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/**
 * Whether a version is in a range of npm's, as packages write their peers: comparators, `^`, `~`, `x`, `-`, `||`. What is none of these counts
 * as in it: better no finding than a false one.
 *
 * @see https://github.com/npm/node-semver#ranges
 */
export function satisfies(version: string, range: string): boolean {
  const given = versionOf(version)
  if (given === undefined) return true
  return range.split('||').some((part) => {
    const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(part)
    const comparators = hyphen
      ? [`>=${hyphen[1]}`, `<=${hyphen[2]}`]
      : part
          .replaceAll(/([<>=~^]+)\s+/g, '$1')
          .trim()
          .split(/\s+/)
    return comparators.every((comparator) => fits(given, comparator))
  })
}

function fits(version: Version, comparator: string): boolean {
  const [, operator = '', text = ''] = /^([<>]=?|[=~^]|~>)?v?(.*)$/.exec(comparator) ?? []
  const parts = text.split(/[-+]/, 1)[0]!.split('.')
  if (!parts.every((part) => /^(?:\d+|[xX*]|)$/.test(part))) return true
  const numbers = parts.map(Number).slice(0, Math.max(0, parts.findIndex((part) => !/^\d+$/.test(part)) + 1 || parts.length + 1) - 1)
  const [major, minor, patch] = numbers
  if (major === undefined) return true
  const least: Version = [major, minor ?? 0, patch ?? 0]
  const next: Version = minor === undefined ? [major + 1, 0, 0] : patch === undefined ? [major, minor + 1, 0] : [major, minor, patch + 1]
  const isFrom = compareVersions(version, least) >= 0
  const isBefore = (end: Version): boolean => compareVersions(version, end) < 0
  switch (operator) {
    case '>=':
      return isFrom
    case '>':
      return !isBefore(next)
    case '<':
      return isBefore(least)
    case '<=':
      return isBefore(next)
    case '^':
      return (
        isFrom &&
        isBefore(major > 0 || minor === undefined ? [major + 1, 0, 0] : minor > 0 || patch === undefined ? [0, minor + 1, 0] : next)
      )
    case '~':
    case '~>':
      return isFrom && isBefore(minor === undefined ? [major + 1, 0, 0] : [major, minor + 1, 0])
    default:
      return isFrom && isBefore(next)
  }
}
