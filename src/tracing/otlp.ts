import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import { isRecord } from '../context/attributes.js'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { type RemoteTls, tlsSettings } from '../remote/tls.js'
import { checkPositive, checkText, type OtlpExporterOptions } from './options.js'
import { peers } from './peers.js'

/** @throws SpanlogError INVALID_OPTION, INVALID_URL, PEER_MISSING */
export function otlpExporter(options: OtlpExporterOptions, name: string): SpanExporter {
  refuseUnknownOptions(name, options, ['type', 'protocol', 'url', 'headers', 'timeoutMs', 'compression', 'tls'])
  const { protocol = protocolFromEnv(), url, headers, timeoutMs, compression, tls } = options
  if (protocol !== 'http' && protocol !== 'grpc') throw unexpected(`${name}.protocol`, "'http' or 'grpc'", protocol)
  if (compression !== undefined && compression !== 'gzip' && compression !== 'none')
    throw unexpected(`${name}.compression`, "'gzip' or 'none'", compression)
  checkText(`${name}.url`, url)
  checkHeaders(`${name}.headers`, headers)
  checkPositive(`${name}.timeoutMs`, timeoutMs)
  if (tls !== undefined) tlsSettings(tls)
  const target = url === undefined ? undefined : httpUrl(url, `${name}.url`, protocol === 'http' ? '/v1/traces' : '/')
  if (tls !== undefined && target?.startsWith('http:')) throw unexpected(`${name}.tls`, 'left out beside a URL of http://', tls)
  const common = {
    ...(target !== undefined && { url: target }),
    ...(timeoutMs !== undefined && { timeoutMillis: timeoutMs }),
    // Their enum's values, which neither package exports.
    ...(compression !== undefined && { compression: compression as never }),
  }
  return protocol === 'grpc' ? overGrpc(name, common, headers, tls) : overHttp(common, headers, tls)
}

type Common = { url?: string; timeoutMillis?: number; compression?: never }
type Headers = OtlpExporterOptions['headers']

function overHttp(common: Common, headers: Headers, tls: RemoteTls | undefined): SpanExporter {
  const { OTLPTraceExporter } = peers.otlpHttp()
  return new OTLPTraceExporter({
    ...common,
    ...(headers && { headers: { ...headers } }),
    ...(tls && { httpAgentOptions: { keepAlive: true, ...tls } }),
  })
}

function overGrpc(name: string, common: Common, headers: Headers, tls: RemoteTls | undefined): SpanExporter {
  const { OTLPTraceExporter } = peers.otlpGrpc()
  if (headers === undefined && tls === undefined) return new OTLPTraceExporter(common)
  const { credentials, Metadata } = peers.grpc()
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(headers ?? {})) asHeader(`${name}.headers`, key, () => metadata.set(key, value))
  return new OTLPTraceExporter({
    ...common,
    metadata,
    ...(tls && {
      credentials: credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert), {
        ...(tls.rejectUnauthorized !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
      }),
    }),
  })
}

function bytes(pem: string | Buffer | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem)
}

/** What the specification calls `http/json` and `http/protobuf` is HTTP here, in JSON. */
function protocolFromEnv(): 'http' | 'grpc' {
  const { getStringFromEnv } = peers.core()
  const protocol = getStringFromEnv('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL')
  return protocol === 'grpc' ? 'grpc' : 'http'
}

/** @param path - for a URL that has none */
export function httpUrl(text: string, name: string, path: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw unexpected(name, 'an absolute http:// or https:// URL', text, 'INVALID_URL')
  if (url.pathname === '/') url.pathname = path
  return url.href
}

/** What Node would refuse is refused here, and not at each export. */
export function checkHeaders(name: string, headers: unknown): void {
  if (headers === undefined) return
  if (!isRecord(headers)) throw unexpected(name, 'an object of strings', headers)
  for (const [key, value] of Object.entries(headers)) {
    if (typeof value !== 'string') throw unexpected(`${name}['${key}']`, 'a string', value)
    asHeader(name, key, () => {
      validateHeaderName(key)
      validateHeaderValue(key, value)
    })
  }
}

/** The value is not shown: it may be a secret. */
function asHeader(name: string, key: string, set: () => void): void {
  try {
    set()
  } catch (cause) {
    throw new SpanlogError('INVALID_OPTION', `Expected \`${name}['${key}']\` to be the name of a header with a value of legal characters`, {
      cause,
    })
  }
}
