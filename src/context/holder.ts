import { type Context, createContextKey, trace } from '@opentelemetry/api'
import type { ContextFields } from '../fields/context-fields.js'
import { state } from './state.js'

/**
 * Where `addFields` puts its fields: one for each `withFields`, `withSpan`, `runWithTrace` and request, inherited by the contexts
 * inside. A new one begins with what is there, and what comes to the outer one later it does not see: a chain of holders would
 * live as long as a timer that arms itself again inside its own span.
 */
export interface Holder {
  fields: ContextFields | undefined
}

const holderKey = createContextKey('spanlog holder of fields')
// What OpenTelemetry's HTTP instrumentation has of each request in the contexts inside it; `@opentelemetry/core` names the key.
const rpcMetadataKey = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

/** The context with a holder of its own, of these fields to begin with. */
export function holding(context: Context, fields: ContextFields | undefined): Context {
  const holder: Holder = { fields }
  return context.setValue(holderKey, holder)
}

/** The fields of `withFields` and `addFields` that the lines of a context carry. */
export function heldIn(context: Context): ContextFields | undefined {
  const holder = context.getValue(holderKey) as Holder | undefined
  if (holder !== undefined || !state.heldByOthers) return holder?.fields
  const owner = foreignOwner(context)
  return owner && state.held.get(owner)?.fields
}

/** The holder that is nearest to a context; where it has none of ours, one beside the request or span that others began. */
export function holderOf(context: Context): Holder | undefined {
  const holder = context.getValue(holderKey) as Holder | undefined
  if (holder !== undefined) return holder
  const owner = foreignOwner(context)
  if (owner === undefined) return undefined
  let held = state.held.get(owner)
  if (held === undefined) state.held.set(owner, (held = { fields: undefined }))
  state.heldByOthers = true
  return held
}

function foreignOwner(context: Context): object | undefined {
  const metadata = context.getValue(rpcMetadataKey)
  return typeof metadata === 'object' && metadata !== null ? metadata : trace.getSpan(context)
}
