import type { Context } from '@opentelemetry/api'
import { reportFault } from '../../context/fault.js'
import { watchEnd, watchStart } from '../../context/overhead.js'
import type { EndedSpan, SpanStage, StartedSpan, TraceProcessor } from './types.js'

/** What a stage does with spans. What it throws is reported, and the span goes on as if the stage were not there. */
interface StageWork {
  /** @returns `false` keeps the start from the next processor, to which the end is then not handed either */
  begins?(span: StartedSpan, parentContext: Context): boolean
  /** @returns what is handed on: the span, or a copy, since other processors have the span as well; `undefined` for nothing */
  ends(span: EndedSpan): EndedSpan | undefined
}

/** @param name - for the report of a fault */
export function stage(name: string, work: StageWork): SpanStage {
  return (next) => ({
    onStart(span, parentContext) {
      const started = watchStart()
      const isHanded = guarded(name, true, () => work.begins?.(span, parentContext) ?? true)
      watchEnd('processors', started)
      if (isHanded) next.onStart(span, parentContext)
    },
    ...(next.onEnding && { onEnding: (span: StartedSpan) => next.onEnding?.(span) }),
    onEnd(span) {
      const started = watchStart()
      const handed = guarded<EndedSpan | undefined>(name, span, () => work.ends(span))
      watchEnd('processors', started)
      if (handed !== undefined) next.onEnd(handed)
    },
    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  })
}

/** A processor of its own, which looks at spans and hands nothing on. */
export function observer(name: string, work: Partial<Pick<TraceProcessor, 'onStart' | 'onEnd'>>): TraceProcessor {
  return {
    onStart(span, parentContext) {
      const started = watchStart()
      guarded(name, undefined, () => work.onStart?.(span, parentContext))
      watchEnd('processors', started)
    },
    onEnd(span) {
      const started = watchStart()
      guarded(name, undefined, () => work.onEnd?.(span))
      watchEnd('processors', started)
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
}

/** What `work` gives, or something else where it throws, which is reported. */
export function guarded<T>(name: string, otherwise: T, work: () => T): T {
  try {
    return work()
  } catch (error) {
    reportFault(`${name} failed`, error)
    return otherwise
  }
}
