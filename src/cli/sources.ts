import path from 'node:path'
import { SpanlogError, unexpected } from '../errors.js'
import type { AuditOptions, LogSource, LokiLogsOptions, RemoteOptions, VictoriaLogsOptions } from '../logs/index.js'
import type { TraceSource } from '../traces/index.js'
import type { ValuesOf } from './command.js'
import { type Config, type Environment, readConfig, type Store, stores } from './config.js'
import { type logFlags, parseDurationMs, type sourceFlags, type traceFlags } from './options.js'
import { remoteOf } from './remote.js'

/** The flags that name sources; a command may have some of them only. */
export type SourceValues = Partial<ValuesOf<typeof sourceFlags & typeof traceFlags & Omit<typeof logFlags, 'max-bytes' | 'yes'>>>

/** Where to look: what the command line names, else what the environment and the configuration name. */
export interface Places extends Partial<Record<Store, RemoteOptions>> {
  files: string[]
  /** The streams of Loki. */
  selector?: string
  /** What else is asked of Loki, and of VictoriaLogs. */
  lokiOptions: Pick<LokiLogsOptions, 'metadataNames'>
  victoriaOptions: Pick<VictoriaLogsOptions, 'selector' | 'text'>
  /** Files to which each question is appended. */
  audits: Omit<AuditOptions, 'source'>[]
  config: Config
}

/** @throws SpanlogError INVALID_OPTION, INVALID_URL */
export async function placesOf(values: SourceValues, positionals: readonly string[], env: Environment): Promise<Places> {
  const config = await readConfig(values.config, env)
  const named = [...(values.file ?? []), ...positionals]
  const isGiven = named.length > 0 || stores.some((store) => values[store] !== undefined)
  const shared = sharedOptions(values)
  const remotes: Partial<Record<Store, RemoteOptions>> = {}
  for (const store of stores) {
    const remote = remoteOf(store, isGiven ? values[store] : undefined, isGiven, config, env)
    if (remote !== undefined) remotes[store] = { ...remote, ...shared, headers: { ...remote.headers, ...shared.headers } }
  }
  const selector = values.selector ?? config.loki?.selector
  for (const [flag, store, name] of ofStores) {
    if (values[flag] === undefined || remotes[store] !== undefined) continue
    throw new SpanlogError('INVALID_OPTION', `--${flag} is for ${name}, and no ${name} is given`, { remedy: `give --${store}` })
  }
  const audits = auditsOf(values, config)
  return {
    ...remotes,
    files: isGiven ? named : (config.files ?? []),
    audits,
    config,
    ...(selector !== undefined && { selector }),
    ...storeOptionsOf(values, config),
  }
}

/** Flags that one store alone knows. */
const ofStores = [
  ['selector', 'loki', 'Loki'],
  ['metadata-names', 'loki', 'Loki'],
  ['victorialogs-selector', 'victorialogs', 'VictoriaLogs'],
  ['victorialogs-text', 'victorialogs', 'VictoriaLogs'],
] as const

function storeOptionsOf(values: SourceValues, config: Config): Pick<Places, 'lokiOptions' | 'victoriaOptions'> {
  const { 'metadata-names': names, 'victorialogs-text': text } = values
  const selector = values['victorialogs-selector'] ?? config.victorialogs?.selector
  if (text !== undefined && text !== 'word' && text !== 'anywhere') throw unexpected('--victorialogs-text', 'word or anywhere', text)
  return {
    lokiOptions: { ...(names !== undefined && { metadataNames: names === '' ? [] : names.split(',').map((name) => name.trim()) }) },
    victoriaOptions: { ...(selector !== undefined && { selector }), ...(text !== undefined && { text }) },
  }
}

/** That of the configuration cannot be turned off: who is to be audited would do it. */
function auditsOf({ audit, 'audit-as': who }: SourceValues, config: Config): Places['audits'] {
  const files = new Set([config.audit, audit && path.resolve(audit)].filter((file) => file !== undefined))
  if (who !== undefined && files.size === 0)
    throw new SpanlogError('INVALID_OPTION', '--audit-as says who is audited, and no file is given', { remedy: 'give --audit' })
  return [...files].map((file) => (who === undefined ? { file } : { file, who }))
}

/** What the command line says of every store. */
function sharedOptions({ tenant, header, timeout }: SourceValues): Partial<RemoteOptions> {
  return {
    ...(tenant !== undefined && { tenant }),
    ...(header !== undefined && { headers: Object.fromEntries(header.map(headerOf)) }),
    ...(timeout !== undefined && { timeoutMs: parseDurationMs('--timeout', timeout) }),
  }
}

function headerOf(given: string): [name: string, value: string] {
  const colon = given.indexOf(':')
  // The value is not shown: it may be a secret.
  if (colon < 1)
    throw new SpanlogError('INVALID_OPTION', "Expected `--header` to be 'Name: value'", { remedy: 'put a colon behind the name' })
  return [given.slice(0, colon).trim(), given.slice(colon + 1).trim()]
}

/** @param flags - such as `--file or --loki` */
export function noSource(flags: string): SpanlogError {
  return new SpanlogError('INVALID_OPTION', 'no source to look in', { remedy: `give ${flags}` })
}

/** @param traces - where the spans are, which tell the window of stores that are asked by time */
export async function logSources(
  { files, loki, victorialogs, selector, lokiOptions, victoriaOptions, audits }: Places,
  traces: readonly TraceSource[] = [],
): Promise<LogSource[]> {
  const spans = traces.length === 0 ? {} : { traces: (await import('../traces/index.js')).anyTraces(traces) }
  // Each module for itself: all together take as long to load as a hundred megabytes to search.
  const sources: { source: LogSource; name: string }[] = []
  if (files.length > 0) {
    const { fileLogs } = await import('../logs/files/source.js')
    sources.push({ source: fileLogs({ paths: files }), name: files.join(' ') })
  }
  if (loki !== undefined) {
    const { lokiLogs } = await import('../logs/loki/source.js')
    const options = { ...loki, ...lokiOptions, ...spans, ...(selector !== undefined && { selector }) }
    sources.push({ source: lokiLogs(options), name: String(loki.url) })
  }
  if (victorialogs !== undefined) {
    const { victoriaLogs } = await import('../logs/victorialogs/source.js')
    sources.push({ source: victoriaLogs({ ...victorialogs, ...victoriaOptions, ...spans }), name: String(victorialogs.url) })
  }
  if (audits.length === 0) return sources.map(({ source }) => source)
  const { auditedLogs } = await import('../logs/audited.js')
  return sources.map(({ source, name }) => audits.reduce((inner, audit) => auditedLogs(inner, { ...audit, source: name }), source))
}

export async function traceSources({ files, tempo, jaeger, zipkin, audits }: Places): Promise<TraceSource[]> {
  // Most questions for lines have none, and the modules take as long to load as a hundred megabytes to search.
  if (files.length === 0 && [tempo, jaeger, zipkin].every((store) => store === undefined)) return []
  const { auditedTraces, fileTraces, jaegerTraces, tempoTraces, zipkinTraces } = await import('../traces/index.js')
  const audited = (source: TraceSource, name: string): TraceSource =>
    audits.reduce((inner, audit) => auditedTraces(inner, { ...audit, source: name }), source)
  return [
    ...(files.length > 0 ? [audited(fileTraces({ paths: files }), files.join(' '))] : []),
    ...(tempo === undefined ? [] : [audited(tempoTraces(tempo), String(tempo.url))]),
    ...(jaeger === undefined ? [] : [audited(jaegerTraces(jaeger), String(jaeger.url))]),
    ...(zipkin === undefined ? [] : [audited(zipkinTraces(zipkin), String(zipkin.url))]),
  ]
}
