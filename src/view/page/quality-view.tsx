import type { ComponentChildren, JSX } from 'preact'
import type { Share } from '../../analysis/quality-kpis.js'
import { bytesText } from '../terminal/figures.js'
import { maxRows, type ReportProps } from './report-parts.js'
import { Outside, percent, Service } from './text.js'

/** How far the telemetry can be trusted, what it takes to store, and how to mend it. */
export function QualityView({ report: { quality }, services }: ReportProps): JSX.Element {
  const { score, checks, kpis } = quality
  const found = checks.filter(({ failed }) => failed > 0)
  return (
    <>
      <h2>Quality of the telemetry {score !== undefined && <small>{percent(score)}</small>}</h2>
      <ul class="kpis">
        <Kpi share={kpis.servicesTraced}>
          services are traced
          {kpis.servicesUntraced.length > 0 && (
            <>
              , not <Outside text={kpis.servicesUntraced.join(', ')} />
            </>
          )}
        </Kpi>
        <Kpi share={kpis.complete}>traces are whole</Kpi>
        <Kpi share={kpis.failedOfKept}>traces have a failure</Kpi>
        <Kpi share={kpis.kept}>traces that lines name were found</Kpi>
        <Kpi share={kpis.keptOfFailed}>of those with an error line were found</Kpi>
      </ul>
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
      <h3>Stored</h3>
      <table class="narrow">
        <thead>
          <tr>
            <th>By</th>
            <th class="number">Spans</th>
            <th class="number">Bytes</th>
            <th class="number">Lines</th>
            <th class="number">Bytes</th>
          </tr>
        </thead>
        <tbody>
          {kpis.bytesByService.slice(0, maxRows).map(({ service, spans, spanBytes, lines, lineBytes }) => (
            <tr key={service}>
              <td>
                <Service name={service} hue={services.get(service)?.hue} />
              </td>
              <td class="number">{spans}</td>
              <td class="number">{bytesText(spanBytes)}</td>
              <td class="number">{lines}</td>
              <td class="number">{bytesText(lineBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function Kpi({ share: { part, whole, share }, children }: { share: Share; children: ComponentChildren }): JSX.Element | null {
  return share === undefined ? null : (
    <li>
      <b>{percent(share)}</b> {part} of {whole} {children}
    </li>
  )
}
