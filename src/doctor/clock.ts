import { attempt } from '../remote/attempt.js'
import { createConnection } from '../remote/connection.js'
import { type RemoteOptions, remoteSettings } from '../remote/options.js'
import { type Finding, finding } from './finding.js'

/** The header has whole seconds. */
const headerMs = 1_000
const tolerableMs = 2_000

/**
 * How far the clock of a store is from this one, by the `Date` of an answer.
 *
 * @returns `undefined` where it has none, or does not answer
 */
async function offsetOf(options: RemoteOptions, path: string): Promise<{ offsetMs: number; errorMs: number } | undefined> {
  const { base, headers, tls, timeoutMs } = remoteSettings(options)
  const sentMs = Date.now()
  const answer = await attempt(createConnection(tls), new URL(base + path), { headers }, timeoutMs, undefined).catch(() => undefined)
  const now = Date.now()
  const date = Date.parse(answer?.headers.date ?? '')
  if (Number.isNaN(date)) return undefined
  return { offsetMs: date + headerMs / 2 - (sentMs + now) / 2, errorMs: headerMs / 2 + (now - sentMs) / 2 }
}

/** @param path - that the store answers, by whatever status */
export async function checkClock(name: string, options: RemoteOptions, path: string): Promise<Finding[]> {
  const offset = await offsetOf(options, path)
  if (offset === undefined || Math.abs(offset.offsetMs) - offset.errorMs < tolerableMs) return []
  const { offsetMs, errorMs } = offset
  const shown = `${Math.abs(offsetMs / 1_000).toFixed(1)} s ${offsetMs > 0 ? 'ahead of' : 'behind'} this one (± ${(errorMs / 1_000).toFixed(1)} s)`
  return [finding('CLOCK_OF_STORE', `the clock of ${name} is ${shown}`)]
}
