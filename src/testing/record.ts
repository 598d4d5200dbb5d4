import type { Writable } from 'node:stream'
import type { BasicTracerProvider, ReadableSpan } from '@opentelemetry/sdk-trace-node'
import { state } from '../context/state.js'
import { SpanlogError } from '../errors.js'
import { toTraceSpan } from '../traces/memory/span.js'
import type { TraceSpan } from '../traces/types.js'
import { peers } from '../tracing/peers.js'
import { propagatorFromEnv } from '../tracing/propagator.js'
import { registerInstead } from './globals.js'
import { LineRecorder } from './lines.js'

/** What `recordTelemetry` returns. */
export interface TelemetryRecorder {
  /** The spans that ended since the start or the last `reset`, in the order of their ends. */
  spans(): TraceSpan[]
  /** A destination for the logger under test: `pino(recorder.stream)`, `new winston.transports.Stream({ stream: recorder.stream })`. */
  readonly stream: Writable
  /** The lines written to `stream`, each parsed from JSON; a line that is no JSON object comes as `{ line: '…' }`. */
  lines(): Record<string, unknown>[]
  /** Everything written to `stream`, byte by byte as the logger wrote it. */
  text(): string
  /** Forgets spans and lines. */
  reset(): void
  /** Stops recording and puts back whatever provider, context manager and propagator the process had before. */
  stop(): void
}

// One provider for all recordings of a process: a tracer that the code under test took when it was loaded stays bound to the
// provider that it first met, and would record nothing in a second recording with a provider of its own.
let provider: BasicTracerProvider | undefined
let sink: ((span: ReadableSpan) => void) | undefined

/**
 * Records every span of the process and the lines of its loggers, for tests: a real provider that samples everything, a real
 * context manager and propagator, all in memory. What `startTracing` or another SDK registered is put aside until `stop`.
 * One recording at a time.
 *
 * @throws SpanlogError ALREADY_TRACING while another recording runs; PEER_MISSING without the SDK
 * @example
 * ```ts
 * const telemetry = recordTelemetry()
 * afterEach(() => telemetry.reset())
 * afterAll(() => telemetry.stop())
 *
 * it('logs inside the span of the order', async () => {
 *   await handleOrder(pino(telemetry.stream))
 *   const [span] = telemetry.spans()
 *   expect(telemetry.lines()[0]).toMatchObject({ msg: 'order placed', trace_id: span?.traceId, span_id: span?.spanId })
 * })
 * ```
 */
export function recordTelemetry(): TelemetryRecorder {
  if (sink !== undefined)
    throw new SpanlogError('ALREADY_TRACING', 'Expected no other recording, got one that runs', { remedy: 'call its stop() first' })
  provider ??= newProvider()
  const manager = new (peers.contextAsyncHooks().AsyncLocalStorageContextManager)()
  const restore = registerInstead(provider, manager, propagatorFromEnv())
  const randomTraceIds = state.randomTraceIds
  state.randomTraceIds = true

  const spans: TraceSpan[] = []
  const recorded = new LineRecorder()
  const own = (span: ReadableSpan): void => void spans.push(toTraceSpan(span))
  sink = own
  return {
    spans: () => [...spans],
    stream: recorded,
    lines: () => recorded.lines(),
    text: () => recorded.text,
    reset() {
      spans.length = 0
      recorded.text = ''
    },
    stop() {
      if (sink !== own) return
      sink = undefined
      restore()
      state.randomTraceIds = randomTraceIds
    },
  }
}

function newProvider(): BasicTracerProvider {
  const { AlwaysOnSampler, BasicTracerProvider } = peers.sdk()
  return new BasicTracerProvider({
    // Whatever OTEL_TRACES_SAMPLER says on the machine that runs the tests.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => sink?.(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
}
