import {
  type Context,
  type ContextManager,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { state } from './state.js'

/**
 * What OpenTelemetry's API registered in this process. Read where it lies, not through our copy of the API: a copy that
 * is newer than the one that registered gets nothing from its own functions, and its loggers would see no trace at all.
 * Contexts of one copy serve another, since their keys are `Symbol.for`.
 */
interface OtelGlobals {
  context?: ContextManager
  trace?: TracerProvider
  /** From API 1.10 on. */
  logs?: unknown
}
const key = Symbol.for('opentelemetry.js.api.1')
const globals = globalThis as { [key]?: OtelGlobals }

// Held here, since each log line asks: to find them in the API's module takes as long as the call.
const { getSpan } = trace
const root = ROOT_CONTEXT

export function contextManager(): ContextManager | undefined {
  return globals[key]?.context
}

export function tracerProvider(): TracerProvider | undefined {
  return globals[key]?.trace
}

export function loggerProvider(): unknown {
  return globals[key]?.logs
}

/** One that was seen to have a span: each line asks, and most come from the context of the line before. */
let lastActive: Context | undefined

/** The OpenTelemetry context that this code runs in. */
export function activeContext(): Context {
  const manager = globals[key]?.context
  if (manager === undefined) return state.storage.getStore() ?? root
  const active = manager.active()
  if (active === lastActive) return active
  // A request that began before the SDK started still rides on our own storage.
  if (active === root || getSpan(active) === undefined) return state.storage.getStore() ?? active
  lastActive = active
  return active
}

/** Runs `fn` with `context` active, on the process's context manager where there is one, else on our own storage. */
export function runIn<T>(context: Context, fn: () => T): T {
  const manager = contextManager()
  return manager === undefined ? state.storage.run(context, fn) : manager.with(context, fn)
}

/** The active span, recording or not. */
export function activeSpan(): Span | undefined {
  return getSpan(activeContext())
}

/**
 * The trace that this code runs in: its IDs and flags, or `undefined` outside a trace.
 *
 * @example
 * ```ts
 * const trace = currentTrace()
 * if (trace) console.log(trace.traceId, trace.spanId, trace.traceFlags)
 * ```
 */
export function currentTrace(): SpanContext | undefined {
  const spanContext = activeSpan()?.spanContext()
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined
}

/**
 * The correlation ID of what is being served: the 32 hex digits of the active trace, or `undefined` outside one.
 *
 * @example
 * ```ts
 * res.setHeader('x-trace-id', correlationId() ?? '')
 * ```
 */
export function correlationId(): string | undefined {
  return currentTrace()?.traceId
}
