import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/*
 * Each process has a folder of its own inside the spool, and the folder's name says whose it is: there is no lock beside it that could
 * be read at the wrong moment. To take a folder over is to rename it, which succeeds for one process only.
 *
 *   <place>-<process>-<its start>-<random>
 */

/** A folder that nobody owns: its owner has ended, and left lines behind. */
export const leftBehind = 'left-'

/** A new name of a folder that this process owns. */
export function ownedName(): string {
  return `${place()}-${process.pid}-${startOf(process.pid) ?? 0}-${randomBytes(6).toString('hex')}`
}

export function leftName(): string {
  return leftBehind + randomBytes(6).toString('hex')
}

/** How often an owner shows that it is alive, by the time of its folder, to those who cannot see its process. */
export const showAliveMs = 10_000

/** Whether an owner that showed itself then may be alive. A time of the future tells as little as an old one: clocks are set back. */
export function isRecent(shownAliveMs: number): boolean {
  return Math.abs(Date.now() - shownAliveMs) < 6 * showAliveMs
}

/**
 * Whether a folder's owner is no more.
 *
 * @param shownAliveMs - the folder's time; `undefined` where times say nothing
 */
export function isAbandoned(name: string, shownAliveMs: number | undefined): boolean {
  if (name.startsWith(leftBehind)) return true
  const [, where, pid, start] = /^([0-9a-f]{12})-(\d+)-(\d+)-[0-9a-f]{12}$/.exec(name) ?? []
  // Somebody else's, and none of ours.
  if (where === undefined) return false
  if (where !== place()) return shownAliveMs !== undefined && !isRecent(shownAliveMs)
  return !isAlive(Number(pid)) || (start !== '0' && startOf(Number(pid)) !== start)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, so that one is not taken for another that had its number; `undefined` where the system does not tell, or it has ended. */
function startOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program stands in parentheses, and may hold anything.
  const [state, ...rest] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  // A zombie has ended, though nobody has asked how.
  return state === 'Z' ? undefined : rest[18]
}

let known: string | undefined

/** Where numbers of processes mean the same: a machine since it started, and on Linux a container. */
function place(): string {
  known ??= createHash('sha256')
    .update(
      [
        hostname(),
        read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
        read(() => readlinkSync('/proc/self/ns/pid')),
      ].join(),
    )
    .digest('hex')
    .slice(0, 12)
  return known
}

function read(from: () => string): string | undefined {
  try {
    return from()
  } catch {
    return undefined
  }
}
