import type { IncomingMessage } from 'node:http'
import type { Attributes } from '@opentelemetry/api'
import type { Carrier } from '../../src/context/carrier.js'

/** What a server span and a completion line say of a request, read once as it comes in. */
export interface RequestFacts {
  method: string
  /** Without the query, which may hold secrets. */
  path: string
  scheme: string
  headers: Carrier
  userAgent: string | undefined
  /** `1.1`, where it can be known. */
  protocolVersion?: string
}

export function factsOf(req: IncomingMessage): RequestFacts {
  return {
    method: req.method ?? '',
    // Express rewrites `url` in routers, and keeps the original.
    path: pathOf((req as { originalUrl?: string }).originalUrl ?? req.url ?? ''),
    scheme: req.socket && 'encrypted' in req.socket ? 'https' : 'http',
    headers: req.headers,
    userAgent: req.headers['user-agent'],
    protocolVersion: req.httpVersion,
  }
}

export function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] || '/'
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])

/** The method as a part of a span's name: an unknown one may be anything, and would make a name of each. */
export function nameOfMethod(method: string): string {
  return knownMethods.has(method) ? method : 'HTTP'
}

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
export function methodAttributes(method: string): Attributes {
  return knownMethods.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method }
}
