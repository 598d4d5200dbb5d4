import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import { isStatusUnset } from '../../src/context/span-failure.js'
import { methodAttributes } from './request.js'
import { safeUrl } from './url.js'

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span */
export function clientAttributes(method: string, url: URL): Attributes {
  return {
    ...methodAttributes(method),
    'url.full': safeUrl(url),
    'server.address': url.hostname.replace(/^\[|\]$/g, ''),
    'server.port': portOf(url),
  }
}

export function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
}

export function describeAnswer(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status < 400) return
  span.setAttribute('error.type', String(status))
  if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR })
}
