import type { SpanExporter } from '@opentelemetry/sdk-trace-node'

/** Reads the events of each span, which is when lines that were put off become such, and forgets it: thousands would fill the memory. */
export const forgetfulExporter: SpanExporter = {
  export(spans, done) {
    for (const { events } of spans) for (const { attributes } of events) Object.keys(attributes ?? {})
    done({ code: 0 })
  },
  shutdown: () => Promise.resolve(),
}

/**
 * How often a property of the drop-ins is tried, and from which seed: CI asks for more runs. The seed is printed whatever comes of it;
 * with the same one the same cases come again.
 */
export function fidelity(logger: string): { numRuns: number; seed: number } {
  const numRuns = Number(process.env.SPANLOG_FIDELITY_RUNS ?? 300)
  const seed = Number(process.env.SPANLOG_FIDELITY_SEED ?? Date.now() % 2 ** 31)
  process.stdout.write(
    `fidelity of ${logger}: ${numRuns} runs a property; again: SPANLOG_FIDELITY_SEED=${seed} SPANLOG_FIDELITY_RUNS=${numRuns}\n`,
  )
  return { numRuns, seed }
}
