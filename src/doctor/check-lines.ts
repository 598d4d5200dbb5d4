import type { LogEntry } from '../logs/types.js'
import { createRedactor } from '../redaction/redactor.js'
import { type Finding, finding } from './finding.js'

/** How many of a service's lines carry a trace ID, and where. */
export interface ServiceLines {
  /** Absent for lines that name none. */
  service?: string
  lines: number
  withIds: number
  /** Of these: as a label of the stream, as structured metadata, in the line's own fields. */
  label: number
  metadata: number
  text: number
  /** Lines that have a field for the ID, with something else in it. */
  malformed: number
  /** The newest line with an ID, and the newest without one, without what the usual rules of redaction hide. */
  sample: { withId?: string; withoutId?: string }
}

const idName = /^(?:trace_?id|dd[._]trace_id|trace\.id|xray_trace_id)$/i
const sampleLength = 300
// What the doctor says goes into tickets, and into the logs of CI.
const redactor = createRedactor({})

/** Counts lines by their services, the least of whose lines carry an ID first. */
export function countLines(entries: Iterable<LogEntry>): ServiceLines[] {
  const services = new Map<string, ServiceLines>()
  for (const entry of entries) {
    const key = entry.service ?? ''
    let counts = services.get(key)
    if (counts === undefined) {
      counts = {
        ...(entry.service !== undefined && { service: key }),
        lines: 0,
        withIds: 0,
        label: 0,
        metadata: 0,
        text: 0,
        malformed: 0,
        sample: {},
      }
      services.set(key, counts)
    }
    count(counts, entry)
  }
  for (const { sample } of services.values()) {
    if (sample.withId !== undefined) sample.withId = shortened(sample.withId)
    if (sample.withoutId !== undefined) sample.withoutId = shortened(sample.withoutId)
  }
  return [...services.values()].toSorted((a, b) => a.withIds / a.lines - b.withIds / b.lines || b.lines - a.lines)
}

function shortened(line: string): string {
  return redactor.line(line).slice(0, sampleLength)
}

function count(counts: ServiceLines, { traceId, labels, metadata, fields, line }: LogEntry): void {
  counts.lines++
  if (hasId(labels, traceId)) counts.label++
  if (hasId(metadata, traceId)) counts.metadata++
  if (hasId(fields, traceId)) counts.text++
  if (traceId === undefined) {
    counts.sample.withoutId = line
    if ([labels, metadata, fields].some((record) => Object.keys(record).some((name) => idName.test(name) && record[name] !== '')))
      counts.malformed++
  } else {
    counts.withIds++
    counts.sample.withId = line
  }
}

function hasId(record: Readonly<Record<string, unknown>>, traceId: string | undefined): boolean {
  return traceId !== undefined && Object.keys(record).some((name) => idName.test(name))
}

/** @param where - the window, for a person */
export function checkLines(services: readonly ServiceLines[], where: string): Finding[] {
  if (services.length === 0) return [finding('NO_LINES', `no line was found ${where}`)]
  return services.flatMap((one) => {
    const { service, lines, withIds, label, metadata, text, malformed, sample } = one
    const who = service === undefined ? 'lines that name no service' : `service ${service}`
    const share = `${withIds} of ${lines} lines (${Math.round((withIds / lines) * 100)} %)`
    const findings: Finding[] = []
    // Where each has something else for an ID, that is the finding.
    if (withIds === 0 && malformed < lines)
      findings.push(finding('LINES_WITHOUT_IDS', `${who}: none of ${lines} lines carries a trace ID, such as ${sample.withoutId}`))
    else if (withIds > 0 && withIds < lines)
      findings.push(finding('LINES_WITHOUT_IDS', `${who}: ${share} carry a trace ID`, { severity: 'info', remedy: outside }))
    if (label > 0) findings.push(finding('ID_IS_LABEL', `${who}: the trace ID is a label of ${label} lines' streams`))
    else if (metadata === 0 && text > 0 && where.includes('Loki'))
      findings.push(finding('ID_IN_TEXT', `${who}: the trace ID is in the text of ${text} lines, and not in their structured metadata`))
    if (malformed > 0)
      findings.push(finding('ID_MALFORMED', `${who}: ${malformed} lines have a field for the trace ID, and something else in it`))
    return findings
  })
}

const outside = 'the others may be of no request; if they are, bind what loses the context (`bindTrace`)'
