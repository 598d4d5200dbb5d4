import { createHmac, timingSafeEqual } from 'node:crypto'
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { type Carrier, readCarrier } from './carrier.js'
import { newSpanId, newTraceId, parseTraceId } from './ids.js'
import { state } from './state.js'
import { formatTraceparent, RANDOM, SAMPLED } from './traceparent.js'
import { parseTracestate } from './tracestate.js'

/** Whose marks are heeded, and where a request brings one. */
export interface DebugTracesOptions {
  /** Shared by the services that heed each other's marks; 16 characters or more. */
  secret?: string
  /** Several, while one replaces another: the first signs, each is accepted. */
  secrets?: readonly string[]
  /** Header of a request that brings a mark. @defaultValue 'x-spanlog-debug' */
  header?: string
  /** Lines from this level on are written in a marked trace, whatever their logger's level. @defaultValue 'debug' */
  level?: string
}

/** How a request for debugging is made. */
export interface DebugHeadersOptions {
  /** @defaultValue the first of `configure({ debugTraces })` */
  secret?: string
  /** The trace to be marked. @defaultValue a new one */
  traceId?: string
  /** How long the mark is accepted. @defaultValue 600_000 */
  expiresInMs?: number
  /** @defaultValue that of `configure({ debugTraces })`, else 'x-spanlog-debug' */
  header?: string
}

/** Marks that requests brought to this process. */
export interface DebugMarkStats {
  accepted: number
  /** Signed with no secret that is known here, for another trace, or malformed. */
  forged: number
  /** Past their expiry. */
  stale: number
}

interface MarkSettings {
  secrets: readonly string[]
  header: string
}

const shared = state as typeof state & { debugMarks?: { settings?: MarkSettings | undefined; counts: DebugMarkStats } }
const marks = (shared.debugMarks ??= { counts: { accepted: 0, forged: 0, stale: 0 } })

const member = 'spanlog'
const defaultHeader = 'x-spanlog-debug'

export function debugMarkStats(): DebugMarkStats {
  return { ...marks.counts }
}

/** The header that may bring a mark; `undefined` where marks are not heeded. */
export function debugHeader(): string | undefined {
  return marks.settings?.header
}

/**
 * @param option - `false` heeds no marks
 * @throws SpanlogError INVALID_OPTION
 */
export function markSettings(option: unknown): MarkSettings | undefined {
  if (option === false) return undefined
  if (typeof option !== 'object' || option === null) throw unexpected('debugTraces', 'false or an object', option)
  refuseUnknownOptions('debugTraces', option, ['secret', 'secrets', 'header', 'level'])
  const { secret, secrets = secret === undefined ? [] : [secret], header = defaultHeader } = option as DebugTracesOptions
  if (secret !== undefined && secrets[0] !== secret) throw unexpected('debugTraces.secret', 'left out beside `secrets`', '…')
  // As an environment variable that is not there leaves it.
  if ('secret' in option && secrets.length === 0) checkSecret('debugTraces.secret', secret)
  if (!Array.isArray(secrets) || secrets.length === 0) throw unexpected('debugTraces.secrets', 'one secret or more', secrets)
  for (const one of secrets) checkSecret('debugTraces.secret', one)
  return { secrets, header: checkHeader('debugTraces.header', header) }
}

export function heedMarks(settings: MarkSettings | undefined): void {
  marks.settings = settings
  verified.clear()
}

/**
 * The headers of a request that is to be debugged everywhere: a `traceparent`, and the mark of its trace. Each service on its way
 * that has the secret writes its lines from `debug` on for this trace alone, samples it, and passes the mark on.
 *
 * @throws SpanlogError INVALID_OPTION, INVALID_TRACE_ID
 * @example
 * ```ts
 * const headers = debugHeaders({ secret: process.env.SPANLOG_DEBUG_SECRET })
 * await fetch('https://shop.example/orders', { headers }) // traceparent: 00-4bf9…-01, x-spanlog-debug: 1.tmc2w0.Gk3…
 * ```
 */
export function debugHeaders(options: DebugHeadersOptions = {}): Record<string, string> {
  refuseUnknownOptions('debugHeaders', options, ['secret', 'traceId', 'expiresInMs', 'header'])
  const { secret = marks.settings?.secrets[0], traceId, expiresInMs = 600_000, header = marks.settings?.header ?? defaultHeader } = options
  checkSecret('secret', secret)
  if (!(Number.isSafeInteger(expiresInMs) && expiresInMs > 0)) throw unexpected('expiresInMs', 'a positive whole number', expiresInMs)
  const id = traceId === undefined ? newTraceId() : parseTraceId(traceId)
  const traceFlags = SAMPLED | (traceId === undefined ? RANDOM : 0)
  const expiry = Math.ceil((Date.now() + expiresInMs) / 1000).toString(36)
  return {
    traceparent: formatTraceparent({ traceId: id, spanId: newSpanId(), traceFlags }),
    [checkHeader('header', header)]: `1.${expiry}.${sign(secret, id, expiry).toString('base64url')}`,
  }
}

function checkSecret(name: string, secret: unknown): asserts secret is string {
  if (typeof secret === 'string' && secret.length >= 16) return
  // Not shown in the error: what was mistyped is a secret too.
  const received = typeof secret === 'string' ? `one of ${secret.length}` : typeof secret
  throw new SpanlogError('INVALID_OPTION', `Expected \`${name}\` to be a text of 16 characters or more, got ${received}`)
}

function checkHeader(name: string, header: unknown): string {
  if (typeof header === 'string' && /^[a-z0-9-]+$/.test(header.toLowerCase())) return header.toLowerCase()
  throw unexpected(name, 'the name of a header', header)
}

/**
 * What a carrier's mark makes of the trace that it names: a mark for this trace goes into its tracestate, which passes it on, and
 * the trace is sampled. Any other mark is counted, and changes nothing.
 */
export function withMark(trace: SpanContext, carrier: Carrier): SpanContext {
  const { settings, counts } = marks
  if (settings === undefined) return trace
  const [brought, ...more] = readCarrier(carrier, settings.header)
  const token = brought === undefined || more.length > 0 ? trace.traceState?.get(member) : brought
  if (token === undefined) return trace
  const verdict = verify(token, trace.traceId, settings)
  counts[verdict]++
  if (verdict !== 'accepted') return trace
  const traceState = trace.traceState?.set(member, token) ?? parseTracestate([`${member}=${token}`])
  return { ...trace, traceFlags: trace.traceFlags | SAMPLED, ...(traceState && { traceState }) }
}

/** Whether a trace carries a mark of its own that is heeded here. */
export function isMarked(trace: SpanContext): boolean {
  const token = marks.settings && trace.traceState?.get(member)
  return token !== undefined && isSpanContextValid(trace) && verify(token, trace.traceId, marks.settings as MarkSettings) === 'accepted'
}

/** Expiries, in seconds, of the marks last seen: the lines and spans of a trace ask again and again. */
const verified = new Map<string, number>()
const maxVerified = 1_000

function verify(token: string, traceId: string, { secrets }: MarkSettings): keyof DebugMarkStats {
  const known = verified.get(token + traceId)
  const expiry = known ?? signedExpiry(token, traceId, secrets)
  if (expiry === undefined) return 'forged'
  if (known === undefined) {
    const [oldest] = verified.keys()
    if (verified.size >= maxVerified && oldest !== undefined) verified.delete(oldest)
    verified.set(token + traceId, expiry)
  }
  return expiry * 1000 > Date.now() ? 'accepted' : 'stale'
}

/** @returns `undefined` where no secret has signed the token for this trace */
function signedExpiry(token: string, traceId: string, secrets: readonly string[]): number | undefined {
  const [, expiry = '', signature = ''] = /^1\.([0-9a-z]{1,9})\.([\w-]{43})$/.exec(token) ?? []
  if (signature === '') return undefined
  const given = Buffer.from(signature, 'base64url')
  // All of them, so that the time does not tell which.
  const matches = secrets.filter((secret) => timingSafeEqual(sign(secret, traceId, expiry), given))
  return matches.length > 0 ? Number.parseInt(expiry, 36) : undefined
}

function sign(secret: string, traceId: string, expiry: string): Buffer {
  return createHmac('sha256', secret).update(`spanlog debug 1\n${traceId}\n${expiry}`).digest()
}
