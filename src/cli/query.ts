import type { LogQueryOptions } from '../logs/index.js'
import type { ValuesOf } from './command.js'
import { fromOf, type logFlags, parseBytes, type windowFlags } from './options.js'
import type { Places } from './sources.js'

/** Where nobody says how much a query may read. */
const defaultMaxBytes = '100GB'

type QueryValues = Partial<ValuesOf<typeof windowFlags & Pick<typeof logFlags, 'max-bytes' | 'yes'>>> & { mentions?: boolean }

/** The flags that narrow a query, as the library takes them. @throws SpanlogError INVALID_OPTION */
export function queryOptionsOf(values: QueryValues, { config }: Pick<Places, 'config'>, signal: AbortSignal): LogQueryOptions {
  const { to, mentions = false, yes = false } = values
  const maxBytes = parseBytes('--max-bytes', values['max-bytes'] ?? config.maxBytes ?? defaultMaxBytes)
  return { ...fromOf(values), ...(to !== undefined && { to }), mentions, signal, ...(!yes && { maxBytes }) }
}
