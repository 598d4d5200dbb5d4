import { ROOT_CONTEXT } from '@opentelemetry/api'
import { bindTrace, correlationId, withSpan } from 'spanlog'
import { runIn } from '../../../src/context/active.js'

/** A place where a program may have lost its trace; one line of the table. */
export interface Row {
  /** As the table names it. */
  where: string
  /** What keeps the trace where it is not kept by itself; the row is then run once more with it. */
  how?: string
  /** The line of Node from which on it is kept by itself. */
  keptFrom?: number
  /** Runs in a trace, and calls `see` at the place. */
  run(place: Place): unknown
}

export interface Place {
  /** Notes the trace that this code runs in. */
  see(this: void): void
  /** Notes the trace that something else, a log line, another thread, says that it was in. */
  saw(this: void, traceId: string | undefined): void
  /** Whether the row is run with its remedy. */
  remedied: boolean
  /** Whether the process has OpenTelemetry's context manager. */
  managed: boolean
  /** `bindTrace`, if so. */
  bind<T extends Parameters<typeof bindTrace>[0]>(this: void, target: T): T
  /** Runs in another request's trace. */
  elsewhere<T>(this: void, fn: () => T): T
  /** Runs in no trace, as what is made when a process starts. */
  outside<T>(this: void, fn: () => T): T
  /** Is run when the row is over. */
  after(this: void, fn: () => unknown): void
}

/** What the table says of a place. */
export type Cell = 'holds' | 'lost' | "another's"

/** Runs a row in a trace of its own, and tells what became of it at the place. */
export async function measure(row: Row, { remedied, managed }: Pick<Place, 'remedied' | 'managed'>): Promise<Cell> {
  const seen: (string | undefined)[] = []
  const cleanUps: (() => unknown)[] = []
  let first!: () => void
  const saw = (traceId: string | undefined): void => {
    seen.push(traceId)
    first()
  }
  const wasSeen = new Promise<void>((resolve) => (first = resolve))
  let expected: string | undefined
  try {
    await withSpan('row', { parent: null }, async () => {
      expected = correlationId()
      await row.run({
        see: () => saw(correlationId()),
        saw,
        remedied,
        managed,
        bind: (target) => (remedied ? bindTrace(target) : target),
        elsewhere,
        outside,
        after: (fn) => cleanUps.push(fn),
      })
    })
    await Promise.race([wasSeen, late(row)])
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
  const cells = new Set(seen.map((id) => cellOf(id, expected)))
  const [cell] = cells
  if (cell === undefined || cells.size > 1) throw new Error(`${row.where}: one place, but it saw ${[...cells].join(', ')}`)
  return cell
}

export function elsewhere<T>(fn: () => T): T {
  return withSpan('another request', { parent: null }, fn)
}

export function outside<T>(fn: () => T): T {
  return runIn(ROOT_CONTEXT, fn)
}

function cellOf(id: string | undefined, expected: string | undefined): Cell {
  return id === expected ? 'holds' : id === undefined ? 'lost' : "another's"
}

function late(row: Row): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`${row.where}: never came there`)), 10_000).unref())
}
