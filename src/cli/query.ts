import type { LogQueryOptions } from '../logs/index.js'
import type { Values } from './options.js'

/** The options that narrow a query, as the library takes them. */
export function queryOptionsOf({ from, to, mentions = false }: Values, signal: AbortSignal): LogQueryOptions {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }), mentions, signal }
}
