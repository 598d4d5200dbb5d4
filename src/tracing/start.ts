import { setImmediate as immediate } from 'node:timers/promises'
import { context, ProxyTracerProvider, propagation, type TracerProvider, trace } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { Sampler, SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace-node'
import { contextManager, tracerProvider } from '../context/active.js'
import { reportFault } from '../context/fault.js'
import { state } from '../context/state.js'
import { SpanlogError } from '../errors.js'
import { DebugSampler } from './debug-sampler.js'
import { makeExporters } from './exporters.js'
import { FlightRecorderSpanProcessor } from './flight-recorder-processor.js'
import { makeInstrumentations, registerInstrumentations } from './instrumentations.js'
import { LocalDecisionSampler, samplerFromEnv } from './local-decision-sampler.js'
import { checkOptions, type SpanLimitOptions, type TracingOptions } from './options.js'
import { peers } from './peers.js'
import { fanOut, Pipeline } from './pipeline.js'
import { atProcessEnd } from './process-end.js'
import { redactAsConfigured, redactSpans } from './processors/redact.js'
import type { TraceProcessor } from './processors/types.js'
import { propagatorFromEnv } from './propagator.js'
import { makeResource } from './resource.js'
import { samplingOf } from './sampling-presets.js'
import type { TailCounts } from './tail/buffer.js'
import { ExportQueue } from './tail/export-queue.js'
import { tailSettings } from './tail/options.js'
import { type TailStage, tailStage } from './tail/tail-sampling.js'

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
  /** What the tail sampler holds and has done, where there is one. */
  readonly tailSampling?: TailCounts | undefined
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
  const { sampler, tail } = makeSampler(options)
  const resource = makeResource(options)
  const pipelines = makeExporters(exporters).map((exporter) =>
    tail === undefined ? new Pipeline(exporter, batch) : new ExportQueue(exporter, tail.maxBytes, batch),
  )
  const instrumentations = makeInstrumentations(options.instrumentations)
  const { observers, exporting } = arrange(options, tail, pipelines)
  const provider = new (peers.sdk().NodeTracerProvider)({
    resource,
    spanLimits: spanLimits(options.limits),
    spanProcessors: [new FlightRecorderSpanProcessor(), ...observers, exporting] as SpanProcessor[],
    sampler: new DebugSampler(new LocalDecisionSampler(sampler ?? samplerFromEnv())),
  })
  const bounded = (act: (processor: TraceProcessor) => Promise<void>): Promise<void> =>
    inTime(flushTimeoutMs, pipelines, async () => {
      await foundOut(resource)
      await Promise.all(
        [...observers, exporting].map(async (processor) => {
          try {
            await act(processor)
          } catch (error) {
            reportFault('a span processor could not be flushed', error)
          }
        }),
      )
    })
  const flush = (): Promise<void> => bounded((processor) => processor.forceFlush())
  let ended: Promise<void> | undefined
  const shutdown = (): Promise<void> => (ended ??= stop())
  registerPropagation()
  if (!trace.setGlobalTracerProvider(provider))
    reportFault('the provider could not be registered: another version of @opentelemetry/api is in use')
  state.randomTraceIds = true
  const unpatch = registerInstrumentations(instrumentations, provider)
  const detach = atProcessEnd(flush, shutdown)
  return {
    provider,
    forceFlush: flush,
    shutdown,
    get tailSampling() {
      return tail?.counts()
    },
  }

  async function stop(): Promise<void> {
    unpatch()
    await bounded((processor) => processor.shutdown())
    detach()
    if (delegateOf(tracerProvider()) === provider) trace.disable()
    state.randomTraceIds = false
    running = undefined
  }
}

/** Observers stand beside; the others one behind the other, then the tail sampler, which sees what they left, and redaction last, so that nothing that is exported goes around it. */
function arrange(
  { processors = [], redact }: TracingOptions,
  tail: TailStage | undefined,
  pipelines: readonly TraceProcessor[],
): { observers: TraceProcessor[]; exporting: TraceProcessor } {
  const stages = processors.filter((each) => typeof each === 'function')
  if (tail !== undefined) stages.push(tail.stage)
  if (redact !== false) stages.push(redact === undefined ? redactAsConfigured() : redactSpans(redact === true ? undefined : redact))
  return {
    observers: processors.filter((each) => typeof each !== 'function'),
    exporting: stages.reduceRight<TraceProcessor>((next, stage) => stage(next), fanOut(pipelines)),
  }
}

function makeSampler(options: TracingOptions): { sampler?: Sampler | undefined; tail?: TailStage } {
  const { sampler, tailSampling } = options.sampling === undefined ? options : samplingOf(options.sampling)
  if (tailSampling !== undefined) {
    const tail = tailStage(tailSettings(tailSampling))
    return { sampler: tail.sampler, tail }
  }
  if (options.ratio === undefined) return { sampler }
  const { ParentBasedSampler, TraceIdRatioBasedSampler } = peers.sdk()
  return { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }) }
}

/** What is left out is the SDK's, but for the length of texts, which it does not limit. */
function spanLimits(limits: SpanLimitOptions = {}): SpanLimits {
  const { getNumberFromEnv } = peers.core()
  const { attributes, events, links, attributesPerEvent, attributesPerLink } = limits
  const attributeLength =
    limits.attributeLength ??
    getNumberFromEnv('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
    getNumberFromEnv('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT') ??
    4_096
  return {
    attributeValueLengthLimit: attributeLength,
    ...(attributes !== undefined && { attributeCountLimit: attributes }),
    ...(events !== undefined && { eventCountLimit: events }),
    ...(links !== undefined && { linkCountLimit: links }),
    ...(attributesPerEvent !== undefined && { attributePerEventCountLimit: attributesPerEvent }),
    ...(attributesPerLink !== undefined && { attributePerLinkCountLimit: attributesPerLink }),
  }
}

/** What the host has registered stays. */
function registerPropagation(): void {
  if (contextManager() === undefined) context.setGlobalContextManager(new (peers.contextAsyncHooks().AsyncLocalStorageContextManager)())
  if (propagation.fields().length === 0) propagation.setGlobalPropagator(propagatorFromEnv())
}

/** The SDK holds back a batch until all of its resource is found out, and forgets about the batch when it shuts down meanwhile. */
async function foundOut(resource: Resource): Promise<void> {
  if (resource.asyncAttributesPending !== true) return
  await resource.waitForAsyncAttributes?.()
  await immediate()
}

/** Gives up the exports that are under way when the time is over. */
async function inTime(timeoutMs: number, pipelines: readonly { abandon(): void }[], work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      for (const pipeline of pipelines) pipeline.abandon()
      resolve()
    }, timeoutMs)
  })
  await Promise.race([work(), timeout])
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
