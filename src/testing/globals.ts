import {
  type ContextManager,
  context,
  type ProxyTracerProvider,
  propagation,
  type TextMapPropagator,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'

interface OtelGlobals {
  trace?: Partial<ProxyTracerProvider>
  context?: ContextManager
  propagation?: unknown
}
const key = Symbol.for('opentelemetry.js.api.1')

/**
 * Registers in OpenTelemetry's API what a recorder needs, in place of what is registered there.
 *
 * The API's own `disable` functions will not do: that of contexts switches off the manager which is to come back, and that of
 * traces cuts loose the tracers which the code under test already holds.
 *
 * @returns puts back what was there
 */
export function registerInstead(provider: TracerProvider, manager: ContextManager, propagator: TextMapPropagator): () => void {
  const globals = globalThis as { [key]?: OtelGlobals }
  const before = { ...globals[key] }
  const delegate = before.trace?.getDelegate?.()
  clear()
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(manager)
  propagation.setGlobalPropagator(propagator)
  return () => {
    if (before.trace === undefined) trace.disable()
    clear()
    // The API registers one and the same proxy each time, and turned it to the recorder.
    if (delegate !== undefined) before.trace?.setDelegate?.(delegate)
    const { trace: oldTrace, context: oldContext, propagation: oldPropagation } = before
    Object.assign(globals[key] ?? {}, {
      ...(oldTrace !== undefined && { trace: oldTrace }),
      ...(oldContext !== undefined && { context: oldContext }),
      ...(oldPropagation !== undefined && { propagation: oldPropagation }),
    })
  }

  function clear(): void {
    const now = globals[key]
    if (now === undefined) return
    delete now.trace
    delete now.context
    delete now.propagation
  }
}
