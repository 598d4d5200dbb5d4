import { ERROR_SEVERITY } from '../fields/severity.js'
import type { LogEntry } from '../logs/index.js'
import type { Finding } from '../view/terminal/findings.js'
import { outcomeText } from '../view/terminal/line.js'

/** So many traces are held; of more, those whose lines came last. */
const maxTraces = 100_000
const maxServices = 50
const maxMessageLength = 500

type LineFinding = Finding & Required<Pick<Finding, 'lines'>>

/** Lines of any trace, gathered by trace, in memory that is bounded by the number of traces. */
export class FoundLines {
  /** By the time of the latest line: a trace that gets one goes to the end. */
  readonly #traces = new Map<string, LineFinding>()
  /** Traces that were let go of. */
  dropped = 0

  add(entry: LogEntry): void {
    const { traceId, timeUnixNano, service, severity, message, line } = entry
    if (traceId === undefined) return
    const finding: LineFinding = this.#traces.get(traceId) ?? { traceId, lines: { count: 0, errors: 0 }, services: [] }
    this.#traces.delete(traceId)
    this.#traces.set(traceId, finding)
    finding.lines.count++
    if (timeUnixNano !== undefined) finding.startUnixNano ??= timeUnixNano
    if (service !== undefined && finding.services.length < maxServices && !finding.services.includes(service))
      finding.services.push(service)
    if ((severity?.number ?? 0) >= ERROR_SEVERITY) {
      finding.lines.errors++
      finding.firstError ??= {
        ...(timeUnixNano !== undefined && { timeUnixNano }),
        ...(service !== undefined && { service }),
        message: (message ?? line).slice(0, maxMessageLength),
        ...outcomeOf(entry),
      }
    }
    if (this.#traces.size > maxTraces) {
      const [oldest = ''] = this.#traces.keys()
      this.#traces.delete(oldest)
      this.dropped++
    }
  }

  findings(): Finding[] {
    return [...this.#traces.values()]
  }
}

/** Of `request completed` its status is the news. */
function outcomeOf(entry: LogEntry): { outcome?: string } {
  const outcome = entry.message === undefined ? '' : outcomeText(entry).slice(0, maxMessageLength)
  return outcome === '' ? {} : { outcome }
}
