import type { Context } from '@opentelemetry/api'
import { activeContext, activeSpan, runIn } from '../context/active.js'
import { reportFault } from '../context/fault.js'
import { heldIn, holderOf, holding } from '../context/holder.js'
import { state } from '../context/state.js'
import { unexpected } from '../errors.js'
import { attributeOf, mergeFields } from './context-fields.js'

/** Names and values of fields; what JSON cannot hold of a value is written as text, or left out. */
export type Fields = Readonly<Record<string, unknown>>

/** How `withFields` and `addFields` treat fields. */
export interface ContextFieldsOptions {
  /** Put the fields onto the active span too, as attributes. @defaultValue false */
  onSpan?: boolean
}

/**
 * Runs `fn` so that every line inside it carries the fields, whichever traced logger writes it, in a trace or outside one: what the MDC
 * is in Java. Inside one another the inner field of a name wins, and `undefined` takes one away; a line's own field of the name
 * goes before. Values are read and serialised now, once. They travel with promises, timers and `bindTrace`, as the trace does, and
 * not over the wire: that is baggage.
 *
 * @returns what `fn` returns
 * @throws SpanlogError INVALID_OPTION if `fn` is no function; else what `fn` throws
 * @example
 * ```ts
 * withFields({ orderId: 4711 }, () => log.info('charged')) // {"level":30,…,"orderId":4711,"msg":"charged"}
 * ```
 */
export function withFields<T>(fields: Fields, fn: () => T): T
export function withFields<T>(fields: Fields, options: ContextFieldsOptions | undefined, fn: () => T): T
export function withFields<T>(fields: Fields, second: ContextFieldsOptions | undefined | (() => T), third?: () => T): T {
  const [options, fn] = typeof second === 'function' ? [{}, second] : [second, third]
  if (typeof fn !== 'function') throw unexpected('fn', 'a function', fn)
  const context = contextWith(fields)
  if (context === undefined) return fn()
  if (options?.onSpan === true) putOnSpan(fields)
  return runIn(context, fn)
}

function contextWith(fields: unknown): Context | undefined {
  try {
    const active = activeContext()
    return holding(active, mergeFields(heldIn(active), checked('withFields', fields)))
  } catch (error) {
    reportFault('fields could not be put into the context', error)
    return undefined
  }
}

/**
 * Adds fields to every later line of the context that runs: of the nearest `withFields`, `withSpan`, `runWithTrace`, or request of our
 * server edges. Where there is none of these, of the request that OpenTelemetry's HTTP instrumentation began, or of the active span
 * itself; where there is nothing at all, they are not added, which is warned of once. Contexts that have begun inside before do
 * not see them. Never throws.
 *
 * @example
 * ```ts
 * app.use((req, res, next) => {
 *   addFields({ userId: req.user.id })
 *   next()
 * })
 * ```
 */
export function addFields(fields: Fields, options?: ContextFieldsOptions): void {
  try {
    const holder = holderOf(activeContext())
    if (holder === undefined) {
      reportFault('addFields was called where no context holds fields: call it inside withFields, withSpan, runWithTrace or a request')
      return
    }
    holder.fields = mergeFields(holder.fields, checked('addFields', fields))
    state.fieldsVersion++
    if (options?.onSpan === true) putOnSpan(fields)
  } catch (error) {
    reportFault('fields could not be added to the context', error)
  }
}

function checked(where: string, fields: unknown): object {
  if (typeof fields !== 'object' || fields === null) throw unexpected(`fields of ${where}`, 'an object', fields)
  return fields
}

function putOnSpan(fields: Fields): void {
  try {
    const span = activeSpan()
    if (span?.isRecording() !== true) return
    for (const field of mergeFields(undefined, fields)?.all ?? []) span.setAttribute(field.name, attributeOf(field))
  } catch (error) {
    reportFault('fields could not be put onto the active span', error)
  }
}
