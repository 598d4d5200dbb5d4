import { TraceFlags, trace } from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import { reportFault } from '../../context/fault.js'
import { watchEnd, watchStart } from '../../context/overhead.js'
import { isLocalRoot } from '../../context/watch.js'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { checkPositive, isObject } from '../options.js'
import { fanOut } from '../pipeline.js'
import type { EndedSpan, SpanStage, TraceProcessor } from '../processors/types.js'
import type { TraceSampler } from '../sampling/sampler.js'
import { TailBuffer, type TailCounts } from './buffer.js'
import { type ExportOptions, ExportQueue } from './export-queue.js'
import { type TailSamplingOptions, type TailSettings, tailOptionNames, tailSettings } from './options.js'

/** What `tailSampling` takes beside the policies. */
export interface TailExportOptions {
  /** Where kept spans go; several are independent of each other. */
  exporters: readonly SpanExporter[]
  /** How kept spans wait for their export. @defaultValue batches of 512, each second, for 30 seconds at most */
  batch?: ExportOptions
}

/** What a tail sampler holds now, and what it has done. */
export interface TailSamplingStats extends TailCounts {
  /** Kept spans that wait for an exporter; those that did not fit; those whose export failed. Of all exporters together. */
  queuedSpans: number
  lostSpans: number
  failedSpans: number
}

/** A tail sampler: both of its parts belong into one provider. */
export interface TailSampling {
  /** Has every span recorded. */
  readonly sampler: TraceSampler
  /** In the place of the processors that export. */
  readonly processor: TraceProcessor
  readonly stats: TailSamplingStats
}

/**
 * Decides on a trace when this process's part of it is over, and what it was is known: errors and slow requests are kept, of the rest a
 * share. The spans wait in memory until then.
 *
 * The unit is what hangs on a local root, a span without a parent or with one in another process. It is decided on `graceMs` after the
 * local root has ended; after `timeoutMs` if it does not end; on `forceFlush` if it has ended or is to be kept as it stands; and on
 * `shutdown`. Spans that end later follow the decision while it is remembered. A trace whose caller sampled it is kept.
 *
 * Needs `@opentelemetry/core`, 2.x or 3.x.
 *
 * @throws SpanlogError INVALID_OPTION, PEER_MISSING
 * @example
 * ```ts
 * const tail = tailSampling({
 *   exporters: [new OTLPTraceExporter()],
 *   keep: ['errors', { slowerThanMs: 2_000 }, { probability: 0.01 }],
 *   drop: [{ rootName: 'GET /health' }],
 * })
 * const provider = new NodeTracerProvider({ sampler: tail.sampler, spanProcessors: [tail.processor] })
 * ```
 */
export function tailSampling(options: TailSamplingOptions & TailExportOptions): TailSampling {
  if (!isObject(options)) throw unexpected('tailSampling', 'an object', options)
  refuseUnknownOptions('tailSampling', options, ['exporters', 'batch', ...tailOptionNames])
  const { exporters, batch = {}, ...policies } = options
  if (!(Array.isArray(exporters) && exporters.every((one) => typeof (one as Partial<SpanExporter>)?.export === 'function')))
    throw unexpected('exporters', 'an array of span exporters', exporters)
  if (!isObject(batch)) throw unexpected('batch', 'an object', batch)
  refuseUnknownOptions('batch', batch, ['maxExportBatchSize', 'scheduledDelayMs', 'exportTimeoutMs'])
  for (const [name, value] of Object.entries(batch)) checkPositive(`batch.${name}`, value)
  const settings = tailSettings(policies)
  const queues = (exporters as readonly SpanExporter[]).map((exporter) => new ExportQueue(exporter, settings.maxBytes, batch))
  const tail = tailStage(settings)
  const total = (of: (queue: ExportQueue) => number) => queues.reduce((sum, queue) => sum + of(queue), 0)
  return {
    sampler: tail.sampler,
    processor: tail.stage(fanOut(queues)),
    get stats() {
      return {
        ...tail.counts(),
        queuedSpans: total((queue) => queue.size),
        lostSpans: total((queue) => queue.lostSpans),
        failedSpans: total((queue) => queue.failedSpans),
      }
    },
  }
}

const RECORD = { decision: 1 }
const RECORD_AND_SAMPLE = { decision: 2 }

/** Has each span recorded, sampled if its parent is, or if all are to be. */
function recordingSampler(propagate: TailSettings['propagate']): TraceSampler {
  return {
    shouldSample(context) {
      if (propagate === 'sampled') return RECORD_AND_SAMPLE
      const parent = trace.getSpanContext(context)
      return parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0 ? RECORD_AND_SAMPLE : RECORD
    },
    toString: () => `tail(${propagate})`,
  }
}

/** What `tailSampling` is made of, for a provider of our own. One stage stands before one processor. */
export interface TailStage {
  sampler: TraceSampler
  /** Hands on the spans of kept traces. */
  stage: SpanStage
  /** Of kept spans that wait for an exporter. */
  maxBytes: number
  counts(): TailCounts
}

export function tailStage(settings: TailSettings): TailStage {
  let handOn: ((span: EndedSpan) => void) | undefined
  const buffer = new TailBuffer(
    settings,
    (span) => handOn?.(span),
    () => performance.now(),
  )
  return {
    sampler: recordingSampler(settings.propagate),
    stage(next) {
      handOn = (span) => next.onEnd(span)
      return tailProcessor(buffer, settings, next)
    },
    maxBytes: settings.maxBytes,
    counts: () => buffer.stats,
  }
}

function guarded(work: () => void): void {
  try {
    work()
  } catch (error) {
    reportFault('the tail sampler failed', error)
  }
}

function tailProcessor(buffer: TailBuffer, settings: TailSettings, next: TraceProcessor): TraceProcessor {
  const tickMs = Math.min(250, Math.max(5, settings.graceMs / 4))
  let timer: NodeJS.Timeout | undefined
  let ended: Promise<void> | undefined

  const tick = (): void => {
    guarded(() => buffer.tick())
    if (!buffer.isEmpty) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    onStart(span) {
      if (ended !== undefined || !isLocalRoot(span.parentSpanContext)) return
      guarded(() => buffer.begin(span))
    },
    onEnd(span) {
      if (ended !== undefined) return
      const started = watchStart()
      // Not by `guarded`, which makes a function of each span.
      try {
        buffer.end(span)
      } catch (error) {
        reportFault('the tail sampler failed', error)
      }
      watchEnd('processors', started)
      if (timer === undefined && !buffer.isEmpty) timer = setInterval(tick, tickMs).unref()
    },
    forceFlush() {
      guarded(() => buffer.flush())
      return next.forceFlush()
    },
    shutdown() {
      if (ended === undefined) {
        clearInterval(timer)
        guarded(() => buffer.finish())
        ended = next.shutdown()
      }
      return ended
    },
  }
}
