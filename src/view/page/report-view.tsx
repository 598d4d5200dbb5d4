import type { JSX } from 'preact'
import type { BudgetReport, BudgetResult } from '../../analysis/check-budgets.js'
import type { AnomalyReport } from '../../analysis/find-anomalies.js'
import { anomalySentences } from '../anomaly-sentences.js'
import { figure, operationOf } from '../budget-reports.js'
import { count } from '../count.js'
import { cutText } from '../report.js'
import { formatLink } from './link.js'
import { OperationsTable } from './operations-table.js'
import { QualityView } from './quality-view.js'
import { More, maxRows, type ReportProps } from './report-parts.js'
import { Empty, Outside, Service } from './text.js'

/** Limits and what became of them, what is unusual, how long each operation takes, and how far the telemetry can be trusted. */
export function ReportView({ report, services }: ReportProps): JSX.Element {
  if (report.traces === 0) return <Empty>No spans were found.</Empty>
  const cut = report.lines && cutText(report.lines)
  return (
    <div class="page-view">
      {cut !== undefined && <p class="hint warn">{cut}</p>}
      {report.budgets !== undefined && <BudgetSection budgets={report.budgets} services={services} />}
      {report.anomalies !== undefined && <AnomalySection anomalies={report.anomalies} />}
      <OperationsTable report={report} services={services} />
      <QualityView report={report} services={services} />
    </div>
  )
}

const outcomes: Record<BudgetResult['outcome'], string> = { broken: '✗ broken', 'no-data': '? no data', kept: '✓ kept' }

function BudgetSection({ budgets: { results }, services }: { budgets: BudgetReport; services: ReportProps['services'] }): JSX.Element {
  const kept = results.filter(({ outcome }) => outcome === 'kept').length
  return (
    <>
      <h2>
        SLO{' '}
        <small>
          {kept} of {count(results.length, 'limit')} kept
        </small>
      </h2>
      <table>
        <thead>
          <tr>
            <th>Outcome</th>
            <th>Of</th>
            <th>Limit</th>
            <th class="number">Is</th>
            <th class="number">Allowed</th>
            <th class="number">Sample</th>
            <th>Look at</th>
          </tr>
        </thead>
        <tbody>
          {results.slice(0, maxRows).map((result, i) => (
            <tr key={i}>
              <td class={result.outcome === 'broken' ? 'failed' : ''}>{outcomes[result.outcome]}</td>
              <td>
                {result.service !== undefined && <Service name={result.service} hue={services.get(result.service)?.hue} />}{' '}
                <Outside text={operationOf(result)} />
              </td>
              <td>{result.limit}</td>
              <td class="number">{figure(result.limit, result.actual)}</td>
              <td class="number">{figure(result.limit, result.allowed)}</td>
              <td class="number">{result.sample}</td>
              <td>{result.traceId !== undefined && <a href={formatLink({ trace: result.traceId })}>a trace</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More of={results} />
    </>
  )
}

function AnomalySection({ anomalies }: { anomalies: AnomalyReport }): JSX.Element {
  const { traces, unjudged, minimumSample } = anomalies
  const sentences = anomalySentences(anomalies)
  if (Math.min(traces.baseline, traces.current) === 0) return <p class="hint">No traces in the window before to compare with.</p>
  return (
    <>
      <h2>
        {sentences.length === 0 ? 'Nothing unusual' : 'Unusual'}{' '}
        <small>against {count(traces.baseline, 'trace')} of the window before</small>
      </h2>
      <ul class="unusual">
        {sentences.slice(0, maxRows).map(({ text, traceId }) => (
          <li key={text}>
            <Outside text={text} /> {traceId !== undefined && <a href={formatLink({ trace: traceId })}>a trace</a>}
          </li>
        ))}
      </ul>
      <More of={sentences} />
      {unjudged > 0 && (
        <p class="hint">
          {count(unjudged, 'operation')} with fewer than {minimumSample} calls on a side not judged.
        </p>
      )}
    </>
  )
}
