import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isFailed } from '../../analysis/failure.js'
import type { ErrorGroup } from '../../analysis/find-errors.js'
import { count } from '../count.js'
import type { Limits, Reason, ReportData } from '../document.js'
import { type ReportInput, type TrafficReport, trafficReport } from '../report.js'
import { timeText } from '../terminal/figures.js'
import { formatLink } from './link.js'
import { readEntry, readTrace, type ServiceInfo, servicesOf } from './model.js'
import { ReportView } from './report-view.js'
import { ServicesView } from './services-view.js'
import { ask, Empty, Outside, Service } from './text.js'

interface ManyReport {
  traces: ReportInput['traces']
  report: TrafficReport
  services: Map<string, ServiceInfo>
  reasons: readonly Reason[]
}

/** What the listed traces say together: the same as `spanlog report`, and who calls whom. */
export function ManyView({ limits }: { limits: Limits }): JSX.Element {
  const [read, setRead] = useState<ManyReport>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    ask<ReportData>('report').then(
      (data) => setRead(reportOf(data, limits)),
      (error: unknown) => setProblem(String(error)),
    )
  }, [])
  if (read === undefined) return <Empty>{problem ?? 'Reading the traces …'}</Empty>
  const { traces, report, services, reasons } = read
  return (
    <main class="many">
      <div class="page-view">
        <a class="all" href={formatLink({})}>
          ‹ Traces
        </a>
        <h1>Report over {count(traces.length, 'trace')}</h1>
        {reasons.map(({ code, message }) => (
          <p class="hint" key={`${code} ${message}`}>
            <Outside text={`${code}: ${message}`} />
          </p>
        ))}
        <Groups groups={report.errors.groups} hueOf={(service) => services.get(service)?.hue} />
      </div>
      <ReportView report={report} services={services} />
      <ServicesView traces={traces} services={services} />
    </main>
  )
}

function reportOf({ traces: given, before, entries, entriesFromUnixNano, windowMs, reasons }: ReportData, limits: Limits): ManyReport {
  const traces = given.map(readTrace)
  const rows = traces.flatMap(({ spans }) => spans.map((span) => ({ span, failed: isFailed(span) })))
  const lines = entries?.map(readEntry)
  const report = trafficReport({
    traces,
    spans: 'all',
    ...(before !== undefined && { before: before.map(readTrace) }),
    ...(lines !== undefined && { entries: lines }),
    ...(entriesFromUnixNano !== undefined && { entriesFromUnixNano: BigInt(entriesFromUnixNano) }),
    ...(windowMs !== undefined && { windowMs }),
    ...limits,
  })
  return { traces, report, services: servicesOf(rows, lines ?? []), reasons }
}

function Groups({ groups, hueOf }: { groups: readonly ErrorGroup[]; hueOf: (service: string) => number | undefined }): JSX.Element {
  if (groups.length === 0) return <p class="hint">No span failed.</p>
  return (
    <>
      <h2>Errors</h2>
      <table>
        <thead>
          <tr>
            <th>Error</th>
            <th>Began in</th>
            <th>Failed</th>
            <th class="number">How often</th>
            <th class="number">Traces</th>
            <th>Last seen</th>
            <th>Look at</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={`${group.service} ${group.type}`}>
              <td>
                <b class="failed">
                  <Outside text={group.type} />
                </b>{' '}
                <Outside text={group.message ?? ''} />
              </td>
              <td>
                <Operations list={group.operations} hueOf={hueOf} />
              </td>
              <td>
                <Operations list={group.hit} hueOf={hueOf} />
                {group.handled > 0 && <small>{group.handled} caught above</small>}
              </td>
              <td class="number">{group.count}</td>
              <td class="number">{group.traces}</td>
              <td class="when">{timeText(group.lastUnixNano)}</td>
              <td>
                {group.origins[0] !== undefined && (
                  <a href={formatLink({ trace: group.origins[0].traceId, span: group.origins[0].spanId })}>a trace</a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

function Operations({ list, hueOf }: { list: ErrorGroup['hit']; hueOf: (service: string) => number | undefined }): JSX.Element {
  return (
    <>
      {list.slice(0, 3).map(({ service, name }) => (
        <div key={`${service} ${name}`}>
          <Service name={service} hue={hueOf(service)} /> <Outside text={name} />
        </div>
      ))}
      {list.length > 3 && <small>and {list.length - 3} more</small>}
    </>
  )
}
