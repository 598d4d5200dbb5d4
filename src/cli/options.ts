import { unexpected } from '../errors.js'
import type { Flags } from './command.js'

/** Files, and how any store is reached. */
export const sourceFlags = {
  file: {
    type: 'string',
    multiple: true,
    short: 'f',
    value: '<path>',
    help: 'a file or folder of logs (NDJSON, logfmt, text; plain, gzip or zstd) or spans (OTLP-JSON), or a pattern in quotes, such as `logs/**/*.log`; `-` is standard input. May be repeated',
  },
  config: {
    type: 'string',
    value: '<file>',
    help: 'sources and credentials, instead of ./spanlog.json or ~/.config/spanlog/spanlog.json',
  },
  tenant: { type: 'string', value: '<id>', help: 'the tenant, sent as X-Scope-OrgID' },
  header: {
    type: 'string',
    multiple: true,
    short: 'H',
    value: "'Name: value'",
    help: 'sent to every store with each request. May be repeated',
  },
  audit: {
    type: 'string',
    value: '<file>',
    help: 'appends who asks for which trace, when and from where, before it is asked; beside the file of the configuration',
  },
  'audit-as': { type: 'string', value: '<name>', help: "the person, for the audit; beside the system's user" },
  timeout: { type: 'string', value: '<duration>', help: 'for each request to a store, such as 500ms, 30s, 2m (30s)' },
} as const satisfies Flags

/** Stores of log lines. */
export const logFlags = {
  loki: { type: 'string', value: '<url>', help: 'a Loki, also through Grafana: https://grafana/api/datasources/proxy/uid/<uid>' },
  selector: { type: 'string', value: '<logql>', help: 'the streams of Loki to search, such as {app="shop"}; narrower is faster' },
  'metadata-names': {
    type: 'string',
    value: '<names>',
    help: "the labels and structured metadata of Loki that may hold a trace ID, such as trace_id,traceId; fewer are faster; '' asks for the text alone",
  },
  victorialogs: { type: 'string', value: '<url>', help: 'a VictoriaLogs; --tenant is its AccountID:ProjectID' },
  'victorialogs-selector': {
    type: 'string',
    value: '<logsql>',
    help: 'the lines of VictoriaLogs to search, as a filter without pipes, such as {app="shop"} env:prod',
  },
  'victorialogs-text': {
    type: 'string',
    value: 'word|anywhere',
    help: 'how VictoriaLogs looks for the ID in the text of a line: as a word, by its index, or anywhere, which reads every line (word)',
  },
  'max-bytes': {
    type: 'string',
    value: '<size>',
    help: 'refuse a query that Loki or VictoriaLogs estimates to read more than this, such as 500MB or 2TB (100GB)',
  },
  yes: { type: 'boolean', short: 'y', help: 'go on however much a query is estimated to read' },
} as const satisfies Flags

/** Stores of spans. */
export const traceFlags = {
  tempo: { type: 'string', value: '<url>', help: 'a Tempo with spans' },
  jaeger: { type: 'string', value: '<url>', help: "a Jaeger with spans: its query service's URL" },
  zipkin: { type: 'string', value: '<url>', help: 'a Zipkin with spans' },
} as const satisfies Flags

export const windowFlags = {
  from: {
    type: 'string',
    value: '<time>',
    help: 'from this time on: ISO 8601, nanoseconds since the epoch, or a span before now such as 2h',
  },
  since: { type: 'string', value: '<time>', help: 'the same as --from' },
  to: { type: 'string', value: '<time>', help: 'before this time; same forms' },
} as const satisfies Flags

export const outputFlags = {
  verbose: { type: 'boolean', short: 'v', help: 'the verdict with all of its reasons, and all that a proof holds for' },
  json: { type: 'boolean', help: 'for machines, times as decimal strings of nanoseconds' },
  'no-color': { type: 'boolean', help: 'no colours; nor are there any with NO_COLOR set, or where the output is no terminal' },
} as const satisfies Flags

/** Of every command. */
export const generalFlags = {
  help: { type: 'boolean', short: 'h', help: 'this text' },
  version: { type: 'boolean', help: "spanlog's version" },
} as const satisfies Flags

/** The start of the window, by either of its names. @throws SpanlogError INVALID_OPTION where both are given */
export function fromOf({ from, since }: { from?: string; since?: string }): { from?: string } {
  if (from !== undefined && since !== undefined) throw unexpected('--since', 'left out beside --from, which means the same', since)
  const given = from ?? since
  return given === undefined ? {} : { from: given }
}

/** `1.5s` or `2m` in milliseconds. @throws SpanlogError INVALID_OPTION */
export function parseDurationMs(name: string, text: string): number {
  return Math.round(parseMeasure(name, text, { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }, 'a duration such as 500ms, 30s or 2m'))
}

/** `500MB` in bytes. @throws SpanlogError INVALID_OPTION */
export function parseBytes(name: string, text: string): number {
  const units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 }
  const bytes = Math.round(parseMeasure(name, text, units, 'a size such as 500MB, 10GB or 2TiB'))
  if (bytes < 1) throw unexpected(name, 'a size of at least one byte', text)
  return bytes
}

function parseMeasure(name: string, text: string, units: Readonly<Record<string, number>>, expectation: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)\s?([a-z]+)$/.exec(text.trim().toLowerCase()) ?? []
  const size = Object.hasOwn(units, unit) ? units[unit] : undefined
  if (size === undefined) throw unexpected(name, expectation, text)
  return Number(count) * size
}

/** A whole number from `least` on. @throws SpanlogError INVALID_OPTION */
export function parseCount(name: string, text: string, least: number): number {
  const number = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(number >= least)) throw unexpected(name, `a whole number from ${least}`, text)
  return number
}
