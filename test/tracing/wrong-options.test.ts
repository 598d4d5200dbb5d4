import { request } from 'node:http'
import { diag, type Link, trace } from '@opentelemetry/api'
import { configure, runWithTrace, traceCall, traced, traceMethods, withSpan } from 'spanlog'
import { traceCache } from 'spanlog/cache'
import { clientInterceptor, serverInterceptor } from 'spanlog/grpc'
import { traceFetch, traceHttp, traceRequest } from 'spanlog/http'
import { traceHandler } from 'spanlog/lambda'
import { traceBatch, traceConsume, tracePublish } from 'spanlog/messaging'
import { traceSql } from 'spanlog/sql'
import { recordTelemetry } from 'spanlog/testing'
import * as tracing from 'spanlog/tracing'
import { afterEach, describe, expect, it, vi } from 'vitest'

/** What nobody means by any option. */
const never = [null, Number.NaN, Number.POSITIVE_INFINITY, -1, [null], [Number.NaN]]
const [booleans, texts, numbers, objects, lists] = [[false, true], ['', 'x'], [0, 1.5], [{}], [[], ['']]]
const noText = [...never, ...booleans, ...numbers, ...objects, ...lists, '']
const noCount = [...never, ...booleans, ...numbers, ...texts, ...objects, ...lists]
const noNumber = [...never, ...booleans, ...texts, ...objects, ...lists]
const noShare = [...noNumber, 1.5]
const noBoolean = [...never, ...numbers, ...texts, ...objects, ...lists]
const noFunction = [...noBoolean, ...booleans]
const noObject = [...never, ...booleans, ...numbers, ...texts, ...lists]
const noList = [...never, ...booleans, ...numbers, ...texts, ...objects, ['']]
const noChoice = noFunction
const noAttribute = [null, Number.NaN, Number.POSITIVE_INFINITY, {}, [null], [{}], [Number.NaN]]

// oxlint-disable-next-line typescript/no-explicit-any -- wrong on purpose
type Call = (options: any) => unknown
type Wrong = Record<string, readonly unknown[]>

const exporter = { export() {}, shutdown: () => Promise.resolve() }
const handle = (): void => undefined
const attributes = { attributes: noObject, 'attributes.a': noAttribute }
const edge = {
  logger: noFunction,
  header: [...noText.filter((value) => value !== false), 'a b'],
  traceparent: noBoolean,
  route: noFunction,
  ignore: noFunction,
  incoming: noChoice,
  requireTraceparent: noBoolean,
}
const tail = {
  keep: noList,
  drop: noList,
  propagate: noChoice,
  graceMs: [...noNumber, 2 ** 31],
  timeoutMs: [...noCount],
  maxTraces: noCount,
  maxSpansPerTrace: noCount,
  maxBytes: noCount,
  maxDecisions: noObject,
  'maxDecisions.kept': noCount,
}
const headers = { headers: [...noObject, new Map(), new Headers()], 'headers.a': [...noText.filter((text) => text !== ''), 'a\nb'] }
const otlp = {
  protocol: noChoice,
  url: noText,
  timeoutMs: [...noCount, 2 ** 31],
  compression: noChoice,
  tls: noObject,
  'tls.ca': noText,
  ...headers,
}

describe.each<[string, Call, object, Wrong]>([
  [
    'startTracing',
    (options) => tracing.startTracing(options),
    { exporters: [] },
    {
      serviceName: noText,
      serviceVersion: noText,
      serviceInstanceId: noText,
      environment: noText,
      ...attributes,
      detectors: noList,
      exporters: noList,
      processors: noList,
      redact: noBoolean.filter((value) => value !== objects[0]),
      ratio: noShare,
      sampling: noChoice,
      tailSampling: noChoice,
      sampler: noChoice,
      batch: noObject,
      'batch.maxQueueSize': noCount,
      'batch.scheduledDelayMs': [...noCount, 2 ** 31],
      limits: noObject,
      'limits.events': noCount,
      instrumentations: noList,
      flushTimeoutMs: [...noCount, 2 ** 31],
    },
  ],
  ['an OTLP exporter', (options) => tracing.startTracing({ exporters: [options] }), { type: 'otlp', url: 'https://x' }, otlp],
  [
    'an OTLP exporter over gRPC',
    (options) => tracing.startTracing({ exporters: [options] }),
    { type: 'otlp', protocol: 'grpc', url: 'https://x' },
    { ...otlp, 'headers.a b': ['x'], 'headers.a-bin': ['x'] },
  ],
  ['a Zipkin exporter', (options) => tracing.startTracing({ exporters: [options] }), { type: 'zipkin' }, { url: noText, ...headers }],
  [
    'a file exporter',
    (options) => tracing.startTracing({ exporters: [options] }),
    { type: 'file', path: '/dev/null', maxBytes: 1 },
    { path: noText, maxBytes: noCount, maxFiles: noCount },
  ],
  [
    'tailSampling',
    (options) => tracing.tailSampling(options),
    { exporters: [exporter], keep: [] },
    { ...tail, exporters: noList, batch: noObject },
  ],
  [
    'a policy of tail sampling',
    (options) => tracing.tailSampling({ exporters: [exporter], keep: [options] }),
    {},
    {
      slowerThanMs: [...noNumber, 0],
      attribute: noText,
      rootName: noText,
      spans: noChoice,
      'spans.atLeast': [null, Number.NaN, ...booleans, ...texts, ...objects, ...lists],
      probability: noShare,
      perSecond: [...noNumber, 0],
      and: [...noList, []],
      or: [...noList, []],
      not: noChoice,
    },
  ],
  [
    'a policy of an attribute',
    (options) => tracing.tailSampling({ exporters: [exporter], keep: [options] }),
    { attribute: 'a' },
    { equals: [null, Number.NaN, {}, [], [null]], matches: noFunction, atLeast: [null, Number.NaN, ...texts, ...objects] },
  ],
  [
    'adaptiveSampler',
    tracing.adaptiveSampler,
    { tracesPerSecond: 1 },
    {
      tracesPerSecond: [...noNumber, 0],
      minRate: noShare,
      maxRate: noShare,
      intervalMs: [...noNumber, 0],
      maxOperations: [...noNumber, 0],
      now: noFunction,
    },
  ],
  [
    'loadSampler',
    tracing.loadSampler,
    {},
    {
      maxRate: noShare,
      minRate: noShare,
      limits: noObject,
      'limits.memory': noShare,
      intervalMs: [...noNumber, 0],
      measure: noFunction,
      now: noFunction,
    },
  ],
  ['ruleSampler', tracing.ruleSampler, { rules: [], fallback: 1 }, { rules: noList, fallback: noShare, service: noText, now: noFunction }],
  [
    'a rule of ruleSampler',
    (options) => tracing.ruleSampler({ rules: [options], fallback: 1, service: 's' }),
    { rate: 1 },
    {
      service: noText,
      name: noText,
      kind: noChoice,
      attributes: noObject,
      'attributes.a': [null, Number.NaN, {}, []],
      rate: noShare,
      perSecond: noNumber,
    },
  ],
  ['DebugSampler', (options) => new tracing.DebugSampler(options?.sampler), {}, { sampler: noChoice }],
  ['LocalDecisionSampler', (options) => new tracing.LocalDecisionSampler(options?.sampler), {}, { sampler: noChoice }],
  [
    'enrichSpans',
    tracing.enrichSpans,
    {},
    { resource: noList, ...attributes, featureFlags: noFunction, abGroup: noFunction, user: noFunction, baggage: noList, fields: noList },
  ],
  ['filterSpans', tracing.filterSpans, {}, { leaveOut: noFunction }],
  [
    'redactSpans',
    tracing.redactSpans,
    {},
    { keys: noObject.filter((keys) => !Array.isArray(keys) || keys[0] === null), sqlLiterals: noBoolean },
  ],
  ['countErrors', tracing.countErrors, {}, { maxGroups: noCount }],
  ['traceHttp', traceHttp, {}, edge],
  ['traceFetch', (options) => traceFetch(fetch, options), {}, { propagateTo: noList }],
  ['traceRequest', (options) => traceRequest(request, options), {}, { propagateTo: noList }],
  [
    'traceHandler',
    (options) => traceHandler(handle, options),
    {},
    { forceFlush: noFunction, flushTimeoutMs: [...noNumber, 2 ** 31], carrier: noFunction, incoming: noChoice, header: edge.header },
  ],
  ['serverInterceptor', serverInterceptor, {}, { ignore: noFunction, incoming: noChoice }],
  ['clientInterceptor', clientInterceptor, {}, { ignore: noFunction, propagateTo: noList }],
  ...([tracePublish, traceConsume, traceBatch] as ((options: never, fn: () => void) => unknown)[]).map(
    (wrap): [string, Call, object, Wrong] => [
      wrap.name,
      (options) => wrap(options as never, handle),
      { system: 'kafka', destination: 'orders' },
      { system: noText, destination: noText, ...attributes, carrier: noFunction },
    ],
  ),
  [
    'traceSql',
    (options) => traceSql({ query() {} }, options),
    {},
    { queryText: noChoice.filter((value) => value !== false), comment: noBoolean },
  ],
  ['traceCache', (options) => traceCache(new Map(), options), {}, { name: noText, describeKey: noFunction }],
  [
    'traced',
    (options) => traced(handle, options),
    {},
    { name: noText, kind: noChoice, ...attributes, links: noList, expectedErrors: noList, callback: noBoolean },
  ],
  [
    'traceMethods',
    (options) => traceMethods({ handle }, options),
    {},
    { name: ['x'], methods: [...noList, []], kind: noChoice, ...attributes, links: noList, expectedErrors: noList, callback: noBoolean },
  ],
  ['withSpan', (options) => withSpan('charge card', options, handle), {}, { kind: noChoice, expectedErrors: noList, atributes: objects }],
  ['traceCall', (options) => traceCall('payments', 'charge', handle, options), {}, { kind: ['server'], expectedErrors: noList }],
  ['runWithTrace', (options) => runWithTrace({}, handle, options), {}, { name: noText, nam: texts }],
  [
    'configure',
    configure,
    {},
    {
      untracedSampled: noBoolean,
      headers: [...noList, []],
      propagateTo: noList.filter((value) => value !== false),
      overheadBudget: noText.filter((value) => value !== false && value !== 1),
    },
  ],
])('%s', (_, call, base, wrong) => {
  it.each(Object.entries(wrong))('refuses what is no `%s`', (path, values) => {
    for (const value of values) {
      expect(() => call(withOption(base, path, value)), `${path}: ${String(value)}`).toThrow(
        expect.objectContaining({ name: 'SpanlogError', code: expect.stringMatching(/^INVALID_(?:OPTION|URL)$/) as unknown }),
      )
    }
    expect(trace.getTracerProvider()).not.toHaveProperty('_delegate')
  })

  it.each([null, false, 7, [], ['x']])('refuses %j for its options', (options) => {
    expect(() => call(options)).toThrow(/^INVALID_OPTION/)
  })
})

/** @param path - `batch.maxQueueSize`; what follows the first dot is one name */
function withOption(base: object, path: string, value: unknown): object {
  const [, name = '', inner] = /^([^.]*)(?:\.(.*))?$/.exec(path) ?? []
  return { ...base, [name]: inner === undefined ? value : { [inner]: value } }
}

describe('what comes with the data never stops a span', () => {
  afterEach(() => diag.disable())
  const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }

  it.each<[string, object, RegExp]>([
    ['attributes that are no object', { attributes: null }, /`attributes` to be an object, got null/],
    ['attributes that are a Map', { attributes: new Map() }, /`attributes` to be an object/],
    ['a parent that is none', { parent: { traceId: 'x' } }, /`parent` to be a span context/],
    ['links that are no list', { links: {} }, /`links` to be an array/],
    ['a link to nothing beside one that is right', { links: [{ context: undefined }, { context }] }, /`links` to be an array/],
  ])('%s: left out, and told', (_, options, message) => {
    const error = vi.fn<(...args: unknown[]) => void>()
    diag.setLogger({ error, warn() {}, info() {}, debug() {}, verbose() {} })
    const telemetry = recordTelemetry()
    try {
      for (const option of [options, options]) expect(withSpan('charge card', option as { links: Link[] }, () => 42)).toBe(42)
      const links = 'links' in options && Array.isArray(options.links) ? [expect.objectContaining({ traceId: context.traceId })] : []
      expect(telemetry.spans().map((span) => [span.name, span.status.code, span.links])).toEqual([
        ['charge card', 'unset', links],
        ['charge card', 'unset', links],
      ])
      expect(error.mock.calls.map(([, fault]) => (fault as Error).message)).toEqual([
        expect.stringMatching(message),
        expect.stringMatching(message),
      ])
    } finally {
      telemetry.stop()
    }
  })

  it('attribute helpers take what they are given', () => {
    const helpers = [
      tracing.databaseAttributes,
      tracing.errorAttributes,
      tracing.httpClientAttributes,
      tracing.httpServerAttributes,
      tracing.rpcAttributes,
      tracing.messagingAttributes,
      tracing.userAttributes,
      tracing.tenantAttributes,
      tracing.orderAttributes,
    ] as Call[]
    for (const helper of helpers)
      for (const value of [undefined, null, 7, 'x', {}, { url: null, method: 7, query: 7, system: null }]) helper(value)
    expect(tracing.httpServerAttributes({ method: undefined, url: undefined, status: Number.NaN })).toEqual({})
    expect(tracing.userAttributes(null)).toEqual({})
  })
})
