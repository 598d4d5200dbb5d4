import { refuseUnknownOptions, unexpected } from '../errors.js'
import { activeContext, runIn } from './active.js'
import type { Carrier } from './carrier.js'
import { heldIn, holding } from './holder.js'
import { withSpan } from './span.js'
import { watched } from './watch.js'
import { continueIn, extractTrace } from './wire.js'

/** How `runWithTrace` begins a trace where the carrier names none. */
export interface RunWithTraceOptions {
  /** Name of the root span that begins it. @defaultValue 'run with trace' */
  name?: string
}

/**
 * Runs `fn` in the trace that a carrier names: its lines and spans belong to that trace. Where the carrier names none, or a
 * malformed one, a new trace begins, with a root span that ends when `fn` does. Works with no SDK at all.
 *
 * @param carrier - message or request headers
 * @returns what `fn` returns
 * @throws SpanlogError INVALID_OPTION for a wrong `fn` or option; else what `fn` throws
 * @example
 * ```ts
 * consumer.on('message', (message) => runWithTrace(message.headers, () => handle(message)))
 * ```
 */
export function runWithTrace<T>(carrier: Carrier | null | undefined, fn: () => T, options: RunWithTraceOptions = {}): T {
  if (typeof fn !== 'function') throw unexpected('fn', 'a function', fn)
  refuseUnknownOptions('runWithTrace', options, ['name'])
  const { name = 'run with trace' } = options
  if (typeof name !== 'string' || name === '') throw unexpected('name', 'a non-empty string', name)
  const remote = extractTrace(carrier)
  const active = activeContext()
  if (remote !== undefined) return watched(remote, () => runIn(holding(continueIn(active, remote), heldIn(active)), fn))
  return withSpan(name, { parent: null }, () => fn())
}
