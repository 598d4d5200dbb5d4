interface Endable {
  /** The loop is empty: the process ends unless something is begun. */
  atEnd(): void
  /** Nothing can be begun any more. */
  atExit(): void
}

const watched = new Set<Endable>()
// A copy, since what ends leaves the set.
const atEnd = (): void => [...watched].forEach((one) => one.atEnd())
const atExit = (): void => [...watched].forEach((one) => one.atExit())

/** One listener for all: Node warns of a leak from the eleventh on, and a service may well have more transports than ten. */
export function watchProcessEnd(one: Endable): void {
  if (watched.size === 0) process.on('beforeExit', atEnd).on('exit', atExit)
  watched.add(one)
}

export function leaveProcessEnd(one: Endable): void {
  if (watched.delete(one) && watched.size === 0) process.off('beforeExit', atEnd).off('exit', atExit)
}
