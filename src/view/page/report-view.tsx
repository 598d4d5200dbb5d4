import type { JSX } from 'preact'
import { assessQuality } from '../../analysis/assess-quality.js'
import { latencies, type OperationLatency } from '../../analysis/latencies.js'
import type { LogEntry } from '../../logs/types.js'
import type { Trace } from '../../traces/types.js'
import { count } from '../count.js'
import type { ServiceInfo } from './model.js'
import { clockText, durationText, Empty, Outside, percent, Service } from './text.js'

interface ReportProps {
  traces: readonly Trace[]
  /** Absent where nobody read them: then nothing is said of them. */
  entries: readonly LogEntry[] | undefined
  services: Map<string, ServiceInfo>
}

const maxRows = 100

/** How long each operation takes, and how far the telemetry can be trusted. */
export function ReportView({ traces, entries, services }: ReportProps): JSX.Element {
  if (traces.length === 0) return <Empty>No spans were found.</Empty>
  const operations = latencies(traces, { spans: 'all' })
  const { score, checks, kpis } = assessQuality(traces, entries === undefined ? {} : { entries })
  const found = checks.filter(({ failed }) => failed > 0)
  return (
    <div class="page-view">
      <h2>
        Operations <small>in {count(traces.length, 'trace')}</small>
      </h2>
      <table>
        <thead>
          <tr>
            <th>Operation</th>
            <th class="number">Calls</th>
            <th class="number">Failed</th>
            <th class="number">Median</th>
            <th class="number">p95</th>
            <th class="number">Longest</th>
            <th>Distribution</th>
            {traces.length > 1 && <th>Median over time</th>}
          </tr>
        </thead>
        <tbody>
          {operations.slice(0, maxRows).map((operation) => (
            <tr key={`${operation.service} ${operation.name} ${operation.kind}`}>
              <td>
                <Service name={operation.service} hue={services.get(operation.service)?.hue} /> <Outside text={operation.name} />{' '}
                <small>{operation.kind}</small>
              </td>
              <td class="number">{operation.count}</td>
              <td class={`number ${operation.failed > 0 ? 'failed' : ''}`}>
                {operation.failed === 0 ? '' : `${operation.failed} (${percent(operation.errorShare)})`}
              </td>
              <td class="number">{durationText(operation.p50Ms)}</td>
              <td class="number">{durationText(operation.p95Ms)}</td>
              <td class="number">{durationText(operation.maxMs)}</td>
              <td>
                <Histogram buckets={operation.histogram} />
              </td>
              {traces.length > 1 && (
                <td>
                  <Trend parts={operation.trend} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {operations.length > maxRows && <p class="hint">… and {operations.length - maxRows} more that took less in sum.</p>}
      <h2>Quality of the telemetry {score !== undefined && <small>{percent(score)}</small>}</h2>
      <p class="hint">
        {kpis.complete.part} of {count(kpis.complete.whole, 'trace')} whole; {kpis.servicesTraced.part} of{' '}
        {count(kpis.servicesTraced.whole, 'service')} traced
        {kpis.servicesUntraced.length > 0 && (
          <>
            , not <Outside text={kpis.servicesUntraced.join(', ')} />
          </>
        )}
        .
      </p>
      {found.length === 0 && <p class="hint">Nothing to mend.</p>}
      {found.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Finding</th>
              <th class="number">How many</th>
              <th>How to mend it</th>
            </tr>
          </thead>
          <tbody>
            {found.map((check) => (
              <tr key={check.check}>
                <td>
                  <Outside text={check.finding} /> <small>{check.check}</small>
                </td>
                <td class="number">
                  {check.failed} of {check.checked}
                </td>
                <td>
                  <Outside text={check.remedy} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

function Histogram({ buckets }: { buckets: OperationLatency['histogram'] }): JSX.Element {
  const most = Math.max(...buckets.map((bucket) => bucket.count), 1)
  return (
    <div class="histogram">
      {buckets.map(({ fromMs, untilMs, count: calls }) => (
        <i
          key={fromMs}
          style={{ '--share': String(calls / most) }}
          title={`${durationText(fromMs)} to ${durationText(untilMs)}: ${calls}`}
        />
      ))}
    </div>
  )
}

/** A part without a call is a gap; one with failed calls is red. */
function Trend({ parts }: { parts: OperationLatency['trend'] }): JSX.Element {
  const most = Math.max(...parts.map(({ p50Ms }) => p50Ms ?? 0), 1e-9)
  return (
    <div class="histogram">
      {parts.map(({ fromUnixNano, count: calls, failed, p50Ms }) => (
        <i
          key={String(fromUnixNano)}
          class={p50Ms === undefined ? 'gap' : failed > 0 ? 'failed' : ''}
          style={{ '--share': String((p50Ms ?? 0) / most) }}
          title={`${clockText(fromUnixNano)}: ${p50Ms === undefined ? 'no call' : `${durationText(p50Ms)}, ${count(calls, 'call')}, ${failed} failed`}`}
        />
      ))}
    </div>
  )
}
