import { context, ProxyTracerProvider, propagation, type TracerProvider, trace } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace-node'
import { contextManager, tracerProvider } from '../context/active.js'
import { reportFault } from '../context/fault.js'
import { state } from '../context/state.js'
import { SpanlogError } from '../errors.js'
import { DebugSampler } from './debug-sampler.js'
import { makePipelines, type Pipeline } from './exporters.js'
import { FlightRecorderSpanProcessor } from './flight-recorder-processor.js'
import { checkOptions, type TracingOptions } from './options.js'
import { peers } from './peers.js'
import { atProcessEnd } from './process-end.js'
import { propagatorFromEnv } from './propagator.js'
import { makeResource } from './resource.js'

/** What `startTracing` returns. */
export interface Tracing {
  readonly provider: TracerProvider
  /** Exports what has ended until now. Resolves when it is done or `flushTimeoutMs` are over; never rejects. */
  forceFlush(): Promise<void>
  /**
   * Exports what has ended, and stops tracing. Resolves when it is done or `flushTimeoutMs` are over; never rejects. The context
   * manager and the propagator stay, so that requests in flight keep their trace in their lines.
   */
  shutdown(): Promise<void>
}

let running: Tracing | undefined

/**
 * Starts tracing in this process: a provider with a resource, a sampler and exporters, a context manager on AsyncLocalStorage, and
 * a strict W3C propagator, all registered with OpenTelemetry's API. Needs `@opentelemetry/sdk-trace-node`, `/resources`, `/core` and
 * `/context-async-hooks` 2.x, and the package of each exporter that is used: `/exporter-trace-otlp-http`, `/otlp-transformer`.
 *
 * OpenTelemetry's variables are honoured where an option is left out: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
 * OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER and its _ARG, OTEL_BSP_*, the span limits, OTEL_PROPAGATORS, and
 * OTEL_SDK_DISABLED, under which nothing is traced.
 *
 * **The end of the process.** A natural end, SIGTERM and SIGINT flush, and the signal still ends the process with its own exit status,
 * unless the host listens to it as well: then spans are flushed and the host decides. Lost is what has ended but was not
 * exported yet at `process.exit()`, an uncaught exception, SIGKILL: call `await tracing.shutdown()` before `process.exit()`. A
 * natural end waits for an unreachable OTLP receiver until the exporter's own time-out.
 *
 * A second call, or one beside another provider, changes nothing: it is reported as a warning with ALREADY_TRACING, and returns
 * what runs. Exporters that fail are reported the same way and never reach the host.
 *
 * @throws SpanlogError INVALID_OPTION, INVALID_URL, FILE_UNREADABLE, PEER_MISSING, before anything is registered
 * @example
 * ```ts
 * const tracing = startTracing({
 *   serviceName: 'orders',
 *   exporters: ['otlp', { type: 'file', path: 'traces/orders.jsonl' }],
 *   ratio: 0.1,
 * })
 * ```
 */
export function startTracing(options: TracingOptions = {}): Tracing {
  checkOptions(options)
  if (running !== undefined) {
    reportFault('startTracing was called twice', new SpanlogError('ALREADY_TRACING', 'Expected to start tracing once'))
    return running
  }
  const other = tracerProvider()
  if (other !== undefined) {
    const problem = 'Expected no tracer provider to be registered, got one of another SDK, which is used'
    reportFault('startTracing was called beside another provider', new SpanlogError('ALREADY_TRACING', problem))
    return foreign(other)
  }
  if (peers.core().getBooleanFromEnv('OTEL_SDK_DISABLED')) return disabled()
  running = start(options)
  return running
}

function start(options: TracingOptions): Tracing {
  const { exporters, batch, flushTimeoutMs = 5_000 } = options
  const sampler = makeSampler(options)
  const resource = makeResource(options)
  const pipelines = makePipelines(exporters, batch)
  const provider = new (peers.sdk().NodeTracerProvider)({
    resource,
    spanProcessors: [new FlightRecorderSpanProcessor(), ...pipelines.map(({ processor }) => processor)],
    // Left out, the SDK reads OTEL_TRACES_SAMPLER.
    ...(sampler && { sampler: new DebugSampler(sampler) }),
  })
  const flush = (): Promise<void> =>
    drain(pipelines, flushTimeoutMs, async ({ processor, exporter }) => {
      // What fails was reported where it failed.
      await processor.forceFlush().catch(() => undefined)
      await exporter.forceFlush()
    })
  let ended: Promise<void> | undefined
  const shutdown = (): Promise<void> => (ended ??= stop())
  registerPropagation()
  if (!trace.setGlobalTracerProvider(provider))
    reportFault('the provider could not be registered: another version of @opentelemetry/api is in use')
  state.randomTraceIds = true
  const detach = atProcessEnd(flush, shutdown)
  return { provider, forceFlush: flush, shutdown }

  async function stop(): Promise<void> {
    await drain(pipelines, flushTimeoutMs, async ({ processor, exporter }) => {
      // The SDK leaves out the exporter's shutdown after a failed export; the guard calls it once at most.
      await processor.shutdown().catch(() => undefined)
      await exporter.shutdown()
    })
    detach()
    if (delegateOf(tracerProvider()) === provider) trace.disable()
    state.randomTraceIds = false
    running = undefined
  }
}

function makeSampler({ sampler, ratio }: TracingOptions): Sampler | undefined {
  if (ratio === undefined) return sampler
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = peers.sdk()
  return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
}

/** What the host has registered stays. */
function registerPropagation(): void {
  if (contextManager() === undefined) context.setGlobalContextManager(new (peers.contextAsyncHooks().AsyncLocalStorageContextManager)())
  if (propagation.fields().length === 0) propagation.setGlobalPropagator(propagatorFromEnv())
}

async function drain(pipelines: Pipeline[], timeoutMs: number, act: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      for (const { exporter } of pipelines) exporter.abandon()
      resolve()
    }, timeoutMs)
  })
  await Promise.race([Promise.all(pipelines.map(act)), timeout])
  clearTimeout(timer)
}

/** OTEL_SDK_DISABLED stops signals, not propagation. */
function disabled(): Tracing {
  registerPropagation()
  return foreign(new ProxyTracerProvider())
}

/** Stands for a provider that is not ours to shut down. */
function foreign(provider: TracerProvider): Tracing {
  return {
    provider,
    async forceFlush() {
      try {
        await (delegateOf(provider) as { forceFlush?(): Promise<void> } | undefined)?.forceFlush?.()
      } catch (error) {
        reportFault('the provider could not flush', error)
      }
    },
    shutdown: () => Promise.resolve(),
  }
}

/** The API registers a proxy of the provider that it is given. */
function delegateOf(provider: TracerProvider | undefined): unknown {
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider
}
