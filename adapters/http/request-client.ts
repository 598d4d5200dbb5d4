import type { ClientRequest, IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Span } from '@opentelemetry/api'
import { runIn } from '../../src/context/active.js'
import { bindTrace } from '../../src/context/bind.js'
import { startSpan } from '../../src/context/span.js'
import { endSpan } from '../../src/context/watch.js'
import { injectContext } from '../../src/context/wire.js'
import { unexpected } from '../../src/errors.js'
import { recordFailure } from '../failure.js'
import { insteadOfOthers, override } from '../instrumented.js'
import { clientAttributes, describeAnswer, portOf } from './client-span.js'
import { guarded } from './guarded.js'
import { propagationRule, type TraceClientOptions } from './propagate-to.js'
import { nameOfMethod } from './request.js'

// oxlint-disable-next-line typescript/no-explicit-any -- `request` and `get` of node:http and node:https have overloads of their own
type AnyRequest = (...args: any[]) => ClientRequest

interface Options {
  protocol?: string | null
  host?: string | null
  hostname?: string | null
  port?: string | number | null
  path?: string | null
  method?: string
  headers?: object | readonly unknown[]
}

/**
 * Wraps `request` or `get` of `node:http` or `node:https`: each request gets a client span, named by its method, and takes the trace along.
 * The span ends when the answer's body has been read, or where the request fails; it is an error from status 400 on. Listeners that are added
 * to the request run in the trace that it was made in, as does its callback. The options given are never changed.
 *
 * Where OpenTelemetry's HTTP instrumentation is active, this span takes the place of its own.
 *
 * @returns a function of the same type
 * @throws SpanlogError INVALID_OPTION if it is no function; what is returned throws as `request` does
 * @example
 * ```ts
 * const request = traceRequest(http.request, { propagateTo: ['payments', '*.internal'] })
 * request('http://payments/charge', { method: 'POST' }, (answer) => answer.resume()).end(body)
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
export function traceRequest<R extends AnyRequest>(request: R, options: TraceClientOptions = {}): R {
  if (typeof request !== 'function') throw unexpected('request', 'a function', request)
  const mayGoTo = propagationRule('traceRequest', options)
  const scheme = isOfHttps(request) ? 'https:' : 'http:'
  const traced: AnyRequest = (...args) => {
    const call = guarded('a request could not be read', () => read(args, scheme))
    if (call === undefined) return request(...args)
    const { method, url } = call
    const { span, context } = startSpan(nameOfMethod(method), { kind: 'client', attributes: clientAttributes(method, url) })
    const headers = mayGoTo(url.hostname, portOf(url)) ? injectContext(context, copyOf(call.options.headers)) : call.options.headers
    const callback = call.callback && bindTrace(call.callback)
    const rest = [{ ...call.options, ...(headers && { headers }) }, ...(callback ? [callback] : [])]
    try {
      const made = runIn(context, () =>
        insteadOfOthers(request, () => request(...(call.input === undefined ? rest : [call.input, ...rest]))),
      )
      return follow(made, span)
    } catch (error) {
      recordFailure(span, error)
      endSpan(span, true)
      throw error
    }
  }
  return traced as R
}

interface Call {
  method: string
  url: URL
  input: string | URL | undefined
  options: Options
  callback: ((answer: IncomingMessage) => void) | undefined
}

/** `(url, options?, callback?)` or `(options, callback?)`. */
function read(args: unknown[], scheme: string): Call {
  const [first, ...others] = args
  const input = typeof first === 'string' || first instanceof URL ? first : undefined
  const [second] = input === undefined ? [first] : others
  const options = (typeof second === 'object' && second !== null ? second : {}) as Options
  const callback = args.find((arg) => typeof arg === 'function') as Call['callback']
  const url = new URL(input ?? urlOf(options, scheme))
  return { method: (options.method ?? 'GET').toUpperCase(), url, input, options, callback }
}

function urlOf({ protocol, hostname, host, port, path }: Options, scheme: string): string {
  const name = hostname ?? host ?? 'localhost'
  return `${protocol ?? scheme}//${isIPv6(name) ? `[${name}]` : name}${port ? `:${port}` : ''}${path ?? '/'}`
}

/** The functions of the two modules look alike; an instrumentation keeps what it wrapped as `__original`. */
function isOfHttps(request: AnyRequest): boolean {
  const { get, request: ofHttps } = process.getBuiltinModule('node:https')
  const { __original: original = request } = request as { __original?: unknown }
  return [get, ofHttps].some((one) => one === request || one === original)
}

/** To write into; headers as a flat array are pairs then, which node takes as well. */
function copyOf(headers: Options['headers'] = {}): object {
  if (!Array.isArray(headers)) return Object.assign({}, headers)
  const list = headers as unknown[]
  return Array.isArray(list[0]) || list.length === 0
    ? list.map((pair) => pair)
    : Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]])
}

/** By what the request emits: a listener for `error` would make an uncaught error a caught one, one for `response` leave a body unread. */
function follow(request: ClientRequest, span: Span): ClientRequest {
  const emit = request.emit.bind(request) as (event: string, ...args: unknown[]) => boolean
  // The socket's events come from wherever it was opened.
  const bound = bindTrace((emitter: IncomingMessage) => bindTrace(emitter))
  let answer: IncomingMessage | undefined
  let open = true
  const end = (error?: unknown): void => {
    if (!open) return
    open = false
    const failed = error !== undefined && error !== null
    if (failed) guarded('a client span could not be described', () => recordFailure(span, error))
    endSpan(span, failed)
  }
  override(request, 'emit', (event: string, ...args: unknown[]): boolean => {
    if (event === 'error') end(args[0])
    if (event === 'response' || event === 'upgrade' || event === 'connect') {
      const head = (answer = args[0] as IncomingMessage)
      guarded('a client span could not be described', () => {
        describeAnswer(span, head.statusCode ?? 0)
        bound(head).once('close', () => end(head.errored))
      })
    }
    if (event === 'close') end(answer?.errored)
    return emit(event, ...args)
  })
  return bindTrace(request)
}
