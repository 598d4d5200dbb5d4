import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

/** Also of what cannot be looked at. */
export async function exists(at: string): Promise<boolean> {
  return lstat(at).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  )
}

/**
 * The paths that a pattern stands for, in the order of their names: `*` and `?` within a name that begins with no dot, `**` for folders
 * at any depth. Written by hand, since node has `glob` only from version 22 on.
 *
 * @param fail - gets each folder that cannot be read
 */
export async function* expandPattern(pattern: string, fail: (folder: string, error: unknown) => void): AsyncGenerator<string, void> {
  const { root } = path.parse(pattern)
  yield* below(root, pattern.slice(root.length).split(path.sep === '/' ? '/' : /[/\\]/))

  async function* below(folder: string, [segment, ...rest]: readonly string[]): AsyncGenerator<string, void> {
    if (segment === undefined || !hasWildcard(segment)) {
      const at = path.join(folder, segment ?? '')
      if (rest.length > 0) yield* below(at, rest)
      // What cannot be looked at is for the readers to report.
      else if (await exists(at)) yield at
      return
    }
    const anyDepth = segment === '**'
    if (anyDepth) yield* below(folder, rest)
    const matches = nameMatcher(segment)
    for (const entry of await entriesOf(folder)) {
      if (!matches.test(entry.name)) continue
      const at = path.join(folder, entry.name)
      if (!anyDepth) yield* below(at, rest)
      // Not through links, which may lead back up.
      else if (entry.isDirectory()) yield* below(at, [segment, ...rest])
    }
  }

  async function entriesOf(folder: string): Promise<Dirent[]> {
    try {
      const entries = await readdir(folder || '.', { withFileTypes: true })
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR') fail(folder || '.', error)
      return []
    }
  }
}

function nameMatcher(segment: string): RegExp {
  const source = segment
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^(?!\\.)${source}$`, 's')
}
