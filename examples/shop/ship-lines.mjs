// Stands in for the agent that production has (Alloy, the OpenTelemetry Collector): reads what the services wrote to
// standard output and pushes it to Loki, the trace ID as structured metadata, never as a label.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export async function shipLines(folder, lokiUrl) {
  const streams = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => ({
      stream: { service_name: path.basename(name, '.log'), job: 'shop' },
      values: readFileSync(path.join(folder, name), 'utf8').split('\n').filter(Boolean).map(toValue),
    }))
  const answer = await fetch(new URL('/loki/api/v1/push', lokiUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams }),
  })
  if (!answer.ok) throw new Error(`Loki answered ${answer.status}: ${await answer.text()}`)
}

/** One line with its own time in nanoseconds, as pino (milliseconds) or winston (ISO 8601) wrote it. */
function toValue(line) {
  const { time, timestamp, trace_id, span_id } = JSON.parse(line)
  const nanoseconds = `${time ?? Date.parse(timestamp)}000000`
  return trace_id ? [nanoseconds, line, { trace_id, span_id }] : [nanoseconds, line]
}
