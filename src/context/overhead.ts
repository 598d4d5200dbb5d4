import { performance } from 'node:perf_hooks'
import { reportFault } from './fault.js'
import { state } from './state.js'

/** What of ours a call was: a logged line, a span's start and end, a span processor. */
export type OverheadPart = 'lines' | 'spans' | 'processors'

/** Time spent in spanlog's own code, estimated from a sample of its calls. */
export interface OverheadStats {
  /** Milliseconds since the process started, each part's estimate. What exporters do, and the SDK itself, is not in it. */
  linesMs: number
  spansMs: number
  processorsMs: number
  /** The share of time in the window that was looked at last (10 s or more, until enough was measured), 0 to 1. */
  share: number
  /** Calls that were measured. */
  measured: number
}

interface Overhead {
  calls: number
  measured: number
  totalMs: Record<OverheadPart, number>
  /** What is not in the totals yet, fewer than `chunkSize` a part, in milliseconds. */
  samples: Record<OverheadPart, number[]>
  windowStart: number
  windowMs: number
  windowChunks: number
  share: number
  /** A share of time, or none. */
  budget: number | undefined
  /** Whether a measured call is under way: one inside of it is a part of it. */
  busy: boolean
  /** Of the measured call that is under way: what others took inside of it. */
  othersMs: number
}

// A prime, so that calls which take turns are all met.
const oneIn = 61
const windowLengthMs = 10_000
// On a busy machine a call may be put aside for longer than a thousand others take, and by the clock that looks like work.
const chunkSize = 20
const outliersInChunk = 2
const chunksInWindow = 3

const shared = state as typeof state & { overhead?: Overhead }
const overhead: Overhead = (shared.overhead ??= {
  calls: 0,
  measured: 0,
  totalMs: { lines: 0, spans: 0, processors: 0 },
  samples: { lines: [], spans: [], processors: [] },
  windowStart: performance.now(),
  windowMs: 0,
  windowChunks: 0,
  share: 0,
  budget: 0.1,
  busy: false,
  othersMs: 0,
})

/**
 * Before a piece of our own work; one call in 61 is measured, and stands for them all.
 *
 * @returns what `watchEnd` takes: 0 where this call is not measured
 */
export function watchStart(): number {
  if (++overhead.calls % oneIn !== 0 || overhead.busy) return 0
  overhead.busy = true
  overhead.othersMs = 0
  return performance.now()
}

export function watchEnd(part: OverheadPart, started: number): void {
  if (started === 0) return
  overhead.busy = false
  const now = performance.now()
  const samples = overhead.samples[part]
  overhead.measured++
  if (samples.push(now - started - overhead.othersMs) < chunkSize) return
  const ms = estimateMs(samples.splice(0)) * oneIn
  overhead.totalMs[part] += ms
  overhead.windowMs += ms
  overhead.windowChunks++
  if (now - overhead.windowStart >= windowLengthMs && overhead.windowChunks >= chunksInWindow) endWindow(now)
}

/**
 * Before others' work in the midst of ours, such as the SDK's start of a span.
 *
 * @returns what `watchResume` takes: 0 where this call is not measured
 */
export function watchPause(): number {
  return overhead.busy ? performance.now() : 0
}

export function watchResume(paused: number): void {
  if (paused !== 0) overhead.othersMs += performance.now() - paused
}

/** What calls that took so long take together, if the longest of them took what the others do on average. */
export function estimateMs(samples: readonly number[]): number {
  const usual = samples.toSorted((a, b) => a - b).slice(0, samples.length - outliersInChunk)
  return (usual.reduce((sum, ms) => sum + ms, 0) / usual.length) * samples.length
}

function endWindow(now: number): void {
  overhead.share = overhead.windowMs / (now - overhead.windowStart)
  overhead.windowStart = now
  overhead.windowMs = 0
  overhead.windowChunks = 0
  if (overhead.budget === undefined || overhead.share <= overhead.budget) return
  reportFault(
    'spanlog takes more of the time than its budget allows',
    new Error(`${percent(overhead.share)} of late, of ${percent(overhead.budget)}; see spanlogStats().overhead for what of it`),
  )
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** @param budget - `undefined` warns of nothing */
export function setOverheadBudget(budget: number | undefined): void {
  overhead.budget = budget
}

export function overheadStats(): OverheadStats {
  const { lines, spans, processors } = overhead.totalMs
  return { linesMs: lines, spansMs: spans, processorsMs: processors, share: overhead.share, measured: overhead.measured }
}
