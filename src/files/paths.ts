import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { SpanlogError } from '../errors.js'
import { exists, expandPattern, hasWildcard } from './patterns.js'

/** A file to read, and which one it was when it was listed: a name may mean another file by the time it is opened. */
export interface ListedFile {
  path: string
  /** Device and inode. */
  identity: string
  /** A pipe or a socket has no positions and can be read only once. */
  regular: boolean
  /** Nanoseconds since the epoch. */
  modified: bigint
}

/** `app.log`, `app.1.log`, `app.log.1`, `app.log-20261121`, each also compressed: what cannot be decompressed is not to be missed unsaid. */
const logName = /\.(?:log|json|ndjson|jsonl|logfmt|txt)(?:[.-]\d[\w.-]*?)?(?:\.(?:gz|zst|xz|bz2|lz4|zip))?$/i

/**
 * The files under the paths, each once however many names it has: a file as it is named, a folder's log files at any depth, and what
 * a pattern stands for.
 *
 * @param fail - gets each path that cannot be read or holds nothing
 */
export async function listFiles(paths: readonly string[], fail: (error: SpanlogError) => void): Promise<ListedFile[]> {
  const files = new Map<string, ListedFile>()
  const folders = new Set<string>()

  /** @returns whether it is or holds a file to read */
  async function visit(at: string, given: boolean): Promise<boolean> {
    const stats = await stat(at, { bigint: true })
    const identity = identityOf(stats)
    if (stats.isDirectory()) {
      // A link may lead back up.
      if (folders.has(identity)) return true
      folders.add(identity)
      let found = false
      for (const name of (await readdir(at)).toSorted()) found = (await attempt(path.join(at, name), false)) || found
      return found
    }
    const regular = stats.isFile()
    if (!given && !(regular && logName.test(at))) return false
    if (!files.has(identity)) files.set(identity, { path: at, identity, regular, modified: stats.mtimeNs })
    return true
  }

  async function attempt(at: string, given: boolean): Promise<boolean> {
    try {
      return await visit(at, given)
    } catch (error) {
      // A dangling link is of interest only where its name is a log file's.
      if (!given && !logName.test(at) && (error as NodeJS.ErrnoException).code === 'ENOENT') return false
      fail(unreadable(at, error))
      return true
    }
  }

  for (const at of new Set(paths)) {
    let found = false
    const isPattern = hasWildcard(at) && !(await exists(at))
    const meant = isPattern ? expandPattern(at, (folder, error) => fail(unreadable(folder, error))) : [at]
    for await (const each of meant) found = (await attempt(each, true)) || found
    if (!found) fail(new SpanlogError('FILE_UNREADABLE', `${at} is a ${isPattern ? 'pattern' : 'folder'} with no log file in it`))
  }
  return [...files.values()].toSorted(byAge)
}

export function unreadable(at: string, error: unknown): SpanlogError {
  const problem = error instanceof Error ? error.message : String(error)
  return new SpanlogError('FILE_UNREADABLE', `${at} could not be read: ${problem}`, { cause: error })
}

export function identityOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`
}

/** The files of one rotated set from the oldest on, so that lines of the same time stand as they were written. */
function byAge(a: ListedFile, b: ListedFile): number {
  return compare(stem(a), stem(b)) || compare(a.modified, b.modified) || compare(a.path, b.path)
}

function stem(file: ListedFile): string {
  return path.join(path.dirname(file.path), path.basename(file.path).replace(/(?<=.)[.-].*$/, ''))
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
