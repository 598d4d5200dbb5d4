import { context, propagation, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import pino from 'pino'
import { configure, currentTrace, debugHeaders, extractTrace, injectTrace, runWithTrace, spanlogStats, withSpan } from 'spanlog'
import { tracePino } from 'spanlog/instrument'
import { DebugSampler, startTracing, type Tracing, type TracingOptions } from 'spanlog/tracing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const secret = 'correct horse battery'
const other = 'a secret of nobody else'
const traceId = '0af7651916cd43dd8448eb211c80319c'

beforeEach(() => configure({ debugTraces: { secret } }))
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  configure({ debugTraces: false, flightRecorder: false })
  trace.disable()
  context.disable()
  propagation.disable()
})

function recorded() {
  const lines: string[] = []
  const log = tracePino(pino({ base: null }, { write: (line: string) => lines.push(line) }))
  return { log, messages: () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg) }
}

/** What a request with these headers writes at debug. */
function written(headers: Record<string, string>): string[] {
  const { log, messages } = recorded()
  runWithTrace(headers, () => withSpan('inner', () => [log.debug('debug'), log.info('info'), log.trace('trace')]))
  return messages()
}

function counted(act: () => void): object {
  const before = spanlogStats().debugMarks
  act()
  const after = spanlogStats().debugMarks
  return { accepted: after.accepted - before.accepted, forged: after.forged - before.forged, stale: after.stale - before.stale }
}

describe('a mark for debugging', () => {
  it('lowers the level of each logger for its trace alone', () => {
    expect(counted(() => expect(written(debugHeaders({ secret }))).toEqual(['debug', 'info']))).toEqual({
      accepted: 1,
      forged: 0,
      stale: 0,
    })
    expect(written({ traceparent: debugHeaders().traceparent as string })).toEqual(['info'])
  })

  it('holds as well beside the flight recorder, and lowers to the level that was asked for', () => {
    configure({ flightRecorder: true, debugTraces: { secret, level: 'trace' } })
    expect(written(debugHeaders())).toEqual(['debug', 'info', 'trace'])
  })

  it('marks the trace that is asked for', () => {
    const { traceparent } = debugHeaders({ traceId })
    expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
  })

  it.each<[string, () => Record<string, string>, object]>([
    ['signed with another secret', () => debugHeaders({ secret: other }), { accepted: 0, forged: 1, stale: 0 }],
    [
      'of another trace',
      () => ({ ...debugHeaders(), traceparent: debugHeaders().traceparent as string }),
      { accepted: 0, forged: 1, stale: 0 },
    ],
    ['whose expiry was changed', () => changed((mark) => mark.replace(/^1\.(\w+)/, '1.zzzzzzz')), { accepted: 0, forged: 1, stale: 0 }],
    ['whose signature was cut', () => changed((mark) => mark.slice(0, -1)), { accepted: 0, forged: 1, stale: 0 }],
    ['of another version', () => changed((mark) => mark.replace('1.', '2.')), { accepted: 0, forged: 1, stale: 0 }],
    ['that is no mark', () => changed(() => 'true'), { accepted: 0, forged: 1, stale: 0 }],
    ['that is empty', () => changed(() => ''), { accepted: 0, forged: 1, stale: 0 }],
    ['without a trace', () => ({ 'x-spanlog-debug': debugHeaders()['x-spanlog-debug'] as string }), { accepted: 0, forged: 0, stale: 0 }],
  ])('%s changes nothing, and is counted', (_, headers, counts) => {
    expect(counted(() => expect(written(headers())).toEqual(['info']))).toEqual(counts)
  })

  it('changes nothing once it is stale, and is counted', () => {
    vi.useFakeTimers()
    const headers = debugHeaders({ expiresInMs: 5_000 })
    vi.advanceTimersByTime(4_000)
    expect(written(headers)).toEqual(['debug', 'info'])
    vi.advanceTimersByTime(2_000)
    configure({ flightRecorder: true })
    configure({ flightRecorder: false })
    expect(counted(() => expect(written(headers)).toEqual(['info']))).toEqual({ accepted: 0, forged: 0, stale: 1 })
  })

  it('is taken from no text that was not signed', () => {
    const mark = debugHeaders({ traceId })['x-spanlog-debug'] as string
    const traceparent = debugHeaders({ traceId }).traceparent as string
    const near = fc
      .tuple(fc.nat(mark.length - 1), fc.constantFrom('.', '-', '_', '0', 'a', 'Z'))
      .map(([at, sign]) => mark.slice(0, at) + sign + mark.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        // The last digit holds two bits that say nothing.
        fc.pre(text.slice(0, -1) !== mark.slice(0, -1))
        const remote = extractTrace({ traceparent, 'x-spanlog-debug': text })
        expect(remote?.traceState?.get('spanlog')).toBeUndefined()
      }),
    )
  })

  it('is heeded nowhere without a secret, and passed on untouched', () => {
    const headers = debugHeaders()
    const outgoing = runWithTrace(headers, () => injectTrace({}))
    configure({ debugTraces: false })
    expect(written(headers)).toEqual(['info'])
    expect(runWithTrace(outgoing, () => injectTrace({}))).toMatchObject({ tracestate: (outgoing as { tracestate: string }).tracestate })
  })

  it('is accepted with each of several secrets', () => {
    configure({ debugTraces: { secrets: [other, secret] } })
    expect(written(debugHeaders({ secret }))).toEqual(['debug', 'info'])
    expect(written(debugHeaders())).toEqual(['debug', 'info'])
  })

  it('comes in the header that is named', () => {
    configure({ debugTraces: { secret, header: 'X-Debug-Me' } })
    const headers = debugHeaders()
    expect(Object.keys(headers)).toEqual(['traceparent', 'x-debug-me'])
    expect(written(headers)).toEqual(['debug', 'info'])
  })

  it('goes on in tracestate, within the limits of the specification, and is heeded by the next service', () => {
    const tracestate = Array.from({ length: 32 }, (_, i) => `vendor${i}=${i}`).join(',')
    const outgoing = runWithTrace({ ...debugHeaders(), tracestate }, () => withSpan('inner', () => injectTrace({}))) as Record<
      string,
      string
    >
    expect(outgoing['x-spanlog-debug']).toBeUndefined()
    const [first = '', ...rest] = (outgoing['tracestate'] ?? '').split(',')
    expect(first).toMatch(/^spanlog=1\.[0-9a-z]+\.[\w-]{43}$/)
    expect(first.length).toBeLessThanOrEqual(256)
    expect(rest).toHaveLength(31)
    expect(written(outgoing)).toEqual(['debug', 'info'])
  })

  it('sets the sampled flag without an SDK', () => {
    const headers = debugHeaders()
    const unsampled = { ...headers, traceparent: headers.traceparent?.replace(/..$/, '00') as string }
    runWithTrace(unsampled, () => withSpan('inner', () => expect((currentTrace()?.traceFlags ?? 0) & 1).toBe(1)))
  })

  it.each<[string, TracingOptions, string | undefined]>([
    ['its sampler', { sampler: new AlwaysOffSampler() }, undefined],
    ['its ratio', { ratio: 0 }, undefined],
    ['OTEL_TRACES_SAMPLER=always_off', {}, 'always_off'],
    ['OTEL_TRACES_SAMPLER=parentbased_always_off', {}, 'parentbased_always_off'],
  ])('samples its trace with an SDK, whatever %s says, and goes on in the tracestate of its spans', async (_, options, fromEnv) => {
    const exporter = new InMemorySpanExporter()
    vi.stubEnv('OTEL_TRACES_SAMPLER', fromEnv)
    const tracing: Tracing = startTracing({ exporters: [exporter], ...options })
    try {
      const headers = debugHeaders()
      const carriers = [headers, { traceparent: debugHeaders().traceparent as string }]
      for (const carrier of carriers) {
        // As OpenTelemetry's instrumentations do it.
        const parent = propagation.extract(context.active(), { ...carrier, traceparent: carrier.traceparent?.replace(/..$/, '00') })
        const span = tracing.provider.getTracer('http').startSpan('GET', {}, parent)
        context.with(trace.setSpan(parent, span), () => {
          const outgoing: Record<string, string> = {}
          propagation.inject(context.active(), outgoing)
          expect(outgoing['tracestate']?.startsWith('spanlog=1.') ?? false).toBe(carrier === headers)
          tracing.provider.getTracer('db').startSpan('SELECT').end()
        })
        span.end()
      }
      await tracing.forceFlush()
      const id = headers.traceparent?.slice(3, 35)
      expect(exporter.getFinishedSpans().map((span) => [span.name, span.spanContext().traceId])).toEqual([
        ['SELECT', id],
        ['GET', id],
      ])
    } finally {
      await tracing.shutdown()
    }
  })

  it('samples where our sampler wraps that of another provider, and leaves the rest to that one', () => {
    const exporter = new InMemorySpanExporter()
    const sampler = new DebugSampler(new AlwaysOffSampler())
    new NodeTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
    runWithTrace(debugHeaders(), () => withSpan('marked', () => undefined))
    withSpan('not marked', () => undefined)
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['marked'])
    expect(String(sampler)).toBe('DebugSampler{AlwaysOffSampler}')
  })
})

describe('options', () => {
  it.each<[string, () => unknown, string]>([
    ['a secret that is too short', () => configure({ debugTraces: { secret: 'short' } }), 'debugTraces.secret'],
    ['no secret', () => configure({ debugTraces: {} }), 'debugTraces.secrets'],
    ['a misspelt option', () => configure({ debugTraces: { secret, heder: 'x' } as never }), 'heder'],
    ['a header that is none', () => configure({ debugTraces: { secret, header: 'x: y' } }), 'debugTraces.header'],
    ['a level that is none', () => configure({ debugTraces: { secret, level: 'loud' } }), 'debugTraces.level'],
    ['true for marks', () => configure({ debugTraces: true as never }), 'debugTraces'],
    ['headers without a secret', () => [configure({ debugTraces: false }), debugHeaders()], 'secret'],
    ['headers of no trace', () => debugHeaders({ traceId: 'abc' }), 'traceId'],
    ['headers that never expire', () => debugHeaders({ expiresInMs: Infinity }), 'expiresInMs'],
    ['a flight recorder of no bytes', () => configure({ flightRecorder: { bytes: 0 } }), 'flightRecorder.bytes'],
    ['a flight recorder with a misspelt option', () => configure({ flightRecorder: { byte: 1 } as never }), 'byte'],
    ['a flight recorder that is a word', () => configure({ flightRecorder: 'on' as never }), 'flightRecorder'],
    ['a trigger that is none', () => configure({ flightRecorder: { trigger: 'never' } }), 'flightRecorder.trigger'],
  ])('%s is refused by name, and changes nothing', (_, act, name) => {
    expect(act).toThrow(name)
    expect(spanlogStats().flightRecorder.keptLines).toBe(0)
  })

  it('a refused secret is not shown', () => {
    expect(() => configure({ debugTraces: { secret: 'hunter2' } })).not.toThrow('hunter2')
    expect(() => configure({ debugTraces: { secret: 'hunter2' } })).toThrow(/^INVALID_OPTION: .*got one of 7/)
    // As of an environment variable that is not there.
    expect(() => configure({ debugTraces: { secret: undefined as never } })).toThrow(/`debugTraces\.secret`.*got undefined/)
  })
})

function changed(change: (mark: string) => string): Record<string, string> {
  const headers = debugHeaders()
  return { ...headers, 'x-spanlog-debug': change(headers['x-spanlog-debug'] as string) }
}
