import type { Trace, TraceSearch } from '../traces/index.js'
import { count } from '../view/count.js'
import type { ValuesOf } from './command.js'
import { fromOf, parseCount, sourceFlags, traceFlags, windowFlags } from './options.js'
import type { Session } from './session.js'
import { noSource, type Places, placesOf, traceSources } from './sources.js'
import { spoolPipes } from './spool.js'
import { verdictText } from './verdict.js'

/** Flags of commands that look at many traces. */
export const manyFlags = {
  ...sourceFlags,
  ...traceFlags,
  ...windowFlags,
  service: { type: 'string', value: '<name>', help: 'only traces with a span of this service' },
  operation: { type: 'string', value: '<name>', help: 'only traces with a span of this name; with --service, of that service' },
  limit: {
    type: 'string',
    value: '<n>',
    help: 'the newest so many traces of each source (1000); where there are more, the verdict says so',
  },
} as const

export type ManyValues = Partial<ValuesOf<typeof manyFlags>>

/** Many traces, and whether they are all. */
export interface Reading {
  traces: Trace[]
  complete: boolean
  reasons: { code: string; message: string }[]
}

/** Runs with the places that the command line names; what a pipe gives can be read there as often as needed. */
export async function withPlaces<T>(
  values: ManyValues,
  files: readonly string[],
  session: Session,
  run: (places: Places) => Promise<T>,
): Promise<T> {
  const places = await placesOf(values, files, process.env)
  const spool = await spoolPipes(places.files, session.signal)
  try {
    return await run({ ...places, files: spool.files })
  } finally {
    await spool.remove()
  }
}

/** The traces that the flags ask for. @param more - what the command asks for beside them; wins over the flags */
export async function readMany(values: ManyValues, places: Places, session: Session, more: TraceSearch = {}): Promise<Reading> {
  const { readTraces } = await import('../traces/index.js')
  const sources = await traceSources(places)
  if (sources.length === 0) throw noSource('--file, --tempo, --jaeger or --zipkin')
  const { service, operation, to, limit = '1000' } = values
  return readTraces(sources, {
    ...fromOf(values),
    ...(to !== undefined && { to }),
    ...(service !== undefined && { service }),
    ...(operation !== undefined && { operation }),
    limit: parseCount('--limit', limit, 1),
    signal: session.signal,
    ...more,
  })
}

/** `412 traces, complete`, or why not. */
export function readingText({ traces, ...claim }: Omit<Reading, 'traces'> & { traces: readonly Trace[] }, verbose?: boolean): string {
  return verdictText(traces.length === 0 ? 'no traces' : count(traces.length, 'trace'), claim, verbose)
}
