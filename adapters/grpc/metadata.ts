import type { Metadata, MetadataValue } from '@grpc/grpc-js'
import type { Context } from '@opentelemetry/api'
import { injectContext } from '../../src/context/wire.js'

/** All of its values: `getMap` has only the first of each, and a second `traceparent` makes both worthless. */
export function carrierOf(metadata: Metadata): Record<string, MetadataValue[]> {
  return Object.fromEntries(Object.keys(metadata.getMap()).map((key) => [key, metadata.get(key)]))
}

/** A copy that carries the trace of a context, in place of what stood there: callers use one object for many calls. */
export function carrying(metadata: Metadata, context: Context): Metadata {
  const before = carrierOf(metadata)
  const after: Record<string, unknown> = injectContext(context, { ...before })
  const copy = metadata.clone()
  for (const name of Object.keys(before)) if (!(name in after)) copy.remove(name)
  for (const [name, value] of Object.entries(after)) if (value !== before[name]) copy.set(name, value as string)
  return copy
}
