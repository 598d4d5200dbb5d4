import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { isFailed } from '../../analysis/failure.js'
import { type ErrorGroup, findErrors } from '../../analysis/find-errors.js'
import type { Trace } from '../../traces/types.js'
import { count } from '../count.js'
import type { ManyTraces, Reason } from '../document.js'
import { formatLink } from './link.js'
import { readTrace, servicesOf } from './model.js'
import { ReportView } from './report-view.js'
import { ServicesView } from './services-view.js'
import { ask, Empty, Outside, Service } from './text.js'

/** What the listed traces say together: errors with a trace to look at, operations, quality, who calls whom. */
export function ManyView(): JSX.Element {
  const [read, setRead] = useState<{ traces: Trace[]; reasons: readonly Reason[] }>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    ask<ManyTraces>('traces').then(
      ({ traces, reasons }) => setRead({ traces: traces.map(readTrace), reasons }),
      (error: unknown) => setProblem(String(error)),
    )
  }, [])
  if (read === undefined) return <Empty>{problem ?? 'Reading the traces …'}</Empty>
  const rows = read.traces.flatMap(({ spans }) => spans.map((span) => ({ span, failed: isFailed(span) })))
  const services = servicesOf(rows, [])
  return (
    <main class="many">
      <div class="page-view">
        <a class="all" href={formatLink({})}>
          ‹ Traces
        </a>
        <h1>Report over {count(read.traces.length, 'trace')}</h1>
        {read.reasons.map(({ code, message }) => (
          <p class="hint" key={`${code} ${message}`}>
            <Outside text={`${code}: ${message}`} />
          </p>
        ))}
        <Groups groups={findErrors(read.traces).groups} hueOf={(service) => services.get(service)?.hue} />
      </div>
      <ReportView traces={read.traces} entries={undefined} services={services} />
      <ServicesView traces={read.traces} services={services} />
    </main>
  )
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
            <th class="number">How often</th>
            <th class="number">Traces</th>
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
                <Service name={group.service} hue={hueOf(group.service)} /> <Outside text={group.operations[0]?.name ?? ''} />
              </td>
              <td class="number">{group.count}</td>
              <td class="number">{group.traces}</td>
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
