import { SpanlogError } from '../../errors.js'
import type { Remote, RemoteRequest } from '../../remote/client.js'
import { refusalOf } from '../../remote/refusal.js'
import { objectOf } from './answers.js'
import type { LokiSettings } from './options.js'

/** What a tenant may ask for. */
export interface LokiLimits {
  /** The most entries of one page; lowered where an answer was too large. */
  maxEntries: number
  /** The longest window of one query, in nanoseconds. */
  maxLengthNano: bigint
  /** How far back Loki looks, by look-back or retention; absent where it is unbounded. */
  reachNano: bigint | undefined
  /** Each stream has a `service_name`. */
  hasServiceName: boolean
  /** Loki told them; else they are its defaults. */
  told: boolean
}

const hour = 3_600_000_000_000n
const defaults: LokiLimits = { maxEntries: 5000, maxLengthNano: 721n * hour, reachNano: undefined, hasServiceName: true, told: false }

/** As Loki names its only tenant with authentication off. */
const singleTenant = 'fake'

/** Loki's limits, or its defaults where it does not tell (before 3.x, or behind a proxy). */
export async function readLimits(loki: Remote, settings: LokiSettings, more: Pick<RemoteRequest, 'signal' | 'stats'>): Promise<LokiLimits> {
  const tenants = (settings.headers['x-scope-orgid'] ?? '').split('|')
  // Of several tenants at once Loki tells nothing.
  if (tenants.length === 1) return limitsOf(loki, settings, more)
  const all = await Promise.all(tenants.map(async (tenant) => limitsOf(loki, settings, { ...more, headers: { 'x-scope-orgid': tenant } })))
  return all.reduce((a, b) => ({
    maxEntries: Math.min(a.maxEntries, b.maxEntries),
    maxLengthNano: a.maxLengthNano < b.maxLengthNano ? a.maxLengthNano : b.maxLengthNano,
    reachNano: a.reachNano === undefined || (b.reachNano !== undefined && b.reachNano < a.reachNano) ? b.reachNano : a.reachNano,
    hasServiceName: a.hasServiceName && b.hasServiceName,
    told: a.told && b.told,
  }))
}

async function limitsOf(
  loki: Remote,
  settings: LokiSettings,
  more: Pick<RemoteRequest, 'signal' | 'stats' | 'headers'>,
): Promise<LokiLimits> {
  // What does not answer that in two times half a minute answers nothing.
  const request: RemoteRequest = { path: '/loki/api/v1/drilldown-limits', timeoutRetries: 1, ...more }
  try {
    try {
      return parseLimits((await loki.getJson(request)).json)
    } catch (error) {
      // This path wants a tenant even with authentication off.
      const wantsTenant = refusalOf(error)?.status === 401 && !('x-scope-orgid' in settings.headers)
      if (!wantsTenant) throw error
      return parseLimits((await loki.getJson({ ...request, headers: { 'x-scope-orgid': singleTenant } })).json)
    }
  } catch (error) {
    const isAnswer = error instanceof SpanlogError && ['LOKI_REFUSED', 'LOKI_UNAUTHORIZED', 'LOKI_BAD_ANSWER'].includes(error.code)
    if (!isAnswer) throw error
    return { ...defaults }
  }
}

/** Below this it is the scan that takes the time, not the lines: fewer of them would only draw out the failure. */
const leastAfterTimeout = 500

/** How many entries to ask for where those asked for were too many, too large or too slow; `undefined` where fewer would not help. */
export function fewerEntries(error: unknown, asked: number): number | undefined {
  const { status, text = '' } = refusalOf(error) ?? {}
  // As it refuses a page: `limit > max_entries_limit_per_query (6000 > 5000)`.
  const told = Number(/max_entries_limit_per_query \(\d+ > (\d+)\)/.exec(text)?.[1] ?? 0)
  const half = Math.floor(asked / 2)
  const isTooSlow = error instanceof SpanlogError && error.code === 'LOKI_TIMEOUT' && half >= leastAfterTimeout
  const fewer = told > 0 ? told : status === 413 || isTooSlow ? half : 0
  return fewer > 0 && fewer < asked ? fewer : undefined
}

function parseLimits(json: unknown): LokiLimits {
  const limits = objectOf(objectOf(json, 'an object')['limits'], 'limits')
  const maxEntries = limits['max_entries_limit_per_query']
  const names = limits['discover_service_name']
  const reaches = [limits['max_query_lookback'], limits['retention_period']].map(durationNano).filter((nano) => nano > 0n)
  const maxLength = durationNano(limits['max_query_length'])
  return {
    // 0 is no limit.
    maxEntries: typeof maxEntries === 'number' && Number.isInteger(maxEntries) && maxEntries > 0 ? maxEntries : defaults.maxEntries,
    maxLengthNano: maxLength > 0n ? maxLength : 1n << 62n,
    reachNano: reaches.length === 0 ? undefined : reaches.reduce((a, b) => (a < b ? a : b)),
    hasServiceName: Array.isArray(names) && names.length > 0,
    told: true,
  }
}

const units: Readonly<Record<string, bigint>> = {
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: hour / 60n,
  h: hour,
  d: 24n * hour,
  w: 168n * hour,
  y: 8760n * hour,
}

/** `30d1h` as Loki writes it; 0 is none. */
function durationNano(value: unknown): bigint {
  if (typeof value !== 'string') return 0n
  return [...value.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit = '']) => sum + BigInt(count ?? 0) * (units[unit] ?? 0n),
    0n,
  )
}
