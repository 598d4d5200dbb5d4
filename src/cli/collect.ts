import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { SpanlogError } from '../errors.js'
import type { Trace } from '../traces/index.js'
import { extentOf } from '../view/extent.js'
import { type Found, gatherTrace, isWhole, type Sources } from './gather.js'
import { jsonText } from './json.js'
import { verdictJson } from './verdict.js'

/** Of an incident's traces so many of the slowest, and as many of the failed, at each look; and so many in all. */
const EACH = 10
const MOST = 500
const AT_ONCE = 5

/** Keeps the slowest and the failed traces of one incident, with all their logs, in a folder of its own. */
export class IncidentFolder {
  readonly path: string
  /** With the spans that each had. */
  readonly #kept = new Map<string, number>()

  /** @param sinceUnixNano - names the folder */
  constructor(folder: string, sinceUnixNano: bigint) {
    const time = new Date(Number(sinceUnixNano / 1_000_000n)).toISOString().slice(0, 19)
    this.path = path.join(folder, `incident-${time.replaceAll(':', '-')}Z`)
  }

  /**
   * Of each trace `<id>.json`, as `spanlog trace --json` prints it, and `<id>.log`, its lines as they were written: the folder can be
   * given to every command. One that has more spans than when it was kept is written anew: what is slow is often still on its way.
   *
   * @returns how many are new
   * @throws SpanlogError FILE_UNREADABLE
   */
  async keep(traces: readonly Trace[], sources: Sources, signal: AbortSignal): Promise<number> {
    const wanted = new Set([...slowest(traces), ...(await failed(traces))])
    const grown = traces.filter(({ traceId, spans }) => spans.length > (this.#kept.get(traceId) ?? Number.POSITIVE_INFINITY))
    const fresh = [...wanted].filter(({ traceId }) => !this.#kept.has(traceId)).slice(0, MOST - this.#kept.size)
    const wanting = [...grown, ...fresh]
    while (wanting.length > 0) {
      // One after another, twenty of them would hold up the watch.
      await Promise.all(
        wanting.splice(0, AT_ONCE).map(async ({ traceId, spans }) => {
          await this.#write(await gatherTrace(traceId, sources, { signal }))
          this.#kept.set(traceId, spans.length)
        }),
      )
    }
    return fresh.length
  }

  async #write(found: Found): Promise<void> {
    const { traceId, entries } = found
    try {
      // Logs may hold what is nobody else's business.
      await mkdir(this.path, { recursive: true, mode: 0o700 })
      await writeFile(path.join(this.path, `${traceId}.json`), `${jsonText(await documentOf(found))}\n`, { mode: 0o600 })
      await writeFile(path.join(this.path, `${traceId}.log`), entries.map(({ line }) => `${line}\n`).join(''), { mode: 0o600 })
    } catch (cause) {
      throw new SpanlogError('FILE_UNREADABLE', `${this.path} could not be written`, { cause })
    }
  }
}

/** A trace with its lines, at most so many of each: what a webhook takes is limited. */
export async function documentOf(found: Found, most = Number.POSITIVE_INFINITY) {
  const { toJson: entryToJson } = await import('../logs/json.js')
  const { toJson: traceToJson } = await import('../traces/index.js')
  const { spans, logs, entries } = found
  const trace = spans?.trace
  const leftOut = { spans: Math.max(0, (trace?.spans.length ?? 0) - most), entries: Math.max(0, entries.length - most) }
  return {
    trace: trace === undefined ? null : traceToJson({ ...trace, spans: trace.spans.slice(0, most) }),
    entries: entries.slice(0, most).map(entryToJson),
    ...(leftOut.spans + leftOut.entries > 0 && { leftOut }),
    verdict: {
      complete: isWhole(found),
      logs: logs === undefined ? null : verdictJson(logs),
      trace: spans === undefined ? null : { complete: spans.complete, reasons: spans.reasons },
    },
  }
}

function slowest(traces: readonly Trace[]): Trace[] {
  return traces.toSorted((a, b) => (lengthOf(a) > lengthOf(b) ? -1 : 1)).slice(0, EACH)
}

async function failed(traces: readonly Trace[]): Promise<Trace[]> {
  const { findErrors } = await import('../analysis/index.js')
  const ids = new Set(findErrors(traces, { lines: 0 }).groups.flatMap(({ origins }) => origins.map(({ traceId }) => traceId)))
  return traces.filter(({ traceId }) => ids.has(traceId)).slice(0, EACH)
}

function lengthOf({ spans }: Trace): bigint {
  const [start, end] = extentOf(spans)
  return end - start
}
