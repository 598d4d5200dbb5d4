import type { JSX } from 'preact'
import type { OperationLatency } from '../../analysis/latencies.js'
import { count } from '../count.js'
import { More, maxRows, type ReportProps } from './report-parts.js'
import { clockText, durationText, Outside, percent, Service } from './text.js'

/** How long each operation takes, how its durations are spread, and how they moved. */
export function OperationsTable({ report: { operations, traces }, services }: ReportProps): JSX.Element {
  return (
    <>
      <h2>
        Operations <small>in {count(traces, 'trace')}</small>
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
            {traces > 1 && <th>Median over time</th>}
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
              {traces > 1 && (
                <td>
                  <Trend parts={operation.trend} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <More of={operations} />
    </>
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
