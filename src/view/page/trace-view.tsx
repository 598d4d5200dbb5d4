import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { findErrors } from '../../analysis/find-errors.js'
import type { LogEntry } from '../../logs/types.js'
import type { Limits, TraceDocument } from '../document.js'
import { trafficReport } from '../report.js'
import { Arrived } from './arrived.js'
import { CompareView } from './compare-view.js'
import { ErrorsView } from './errors-view.js'
import { type Filter, noFilter, type Scope, shownLines, shownSpans } from './filter.js'
import { Finding } from './finding.js'
import { useFrame } from './frame.js'
import { Header } from './header.js'
import { Inspector } from './inspector.js'
import { usePageKeys } from './keys.js'
import { Lines } from './lines.js'
import { type Link, lineKey, type View } from './link.js'
import { type Model, rowOf } from './model.js'
import type { News } from './news.js'
import { PathView } from './path-view.js'
import { ReportView } from './report-view.js'
import type { Range } from './scale.js'
import { ServicesView } from './services-view.js'
import { Waterfall } from './waterfall.js'

interface TraceViewProps {
  model: Model
  other: Model | undefined
  link: Link
  served: boolean
  limits: Limits
  /** What has arrived since, and has not been asked for. */
  news: News | undefined
  onLink: (link: Link) => void
  onNews: (document: TraceDocument) => void
}

/** A trace with all that is known of it. What is selected stands in the link, so that it can be sent to somebody. */
export function TraceView({ model, other, link, served, limits, news, onLink, onNews }: TraceViewProps): JSX.Element {
  const [filter, setFilter] = useState<Filter>({ ...noFilter, text: link.search ?? '' })
  const [scope, setScope] = useState<Scope>('below')
  const [{ collapsed, zoom }, setFrame] = useFrame(model)
  const setCollapsed = (next: ReadonlySet<number>): void => setFrame({ model, collapsed: next, zoom })
  const setZoom = (next: Range | undefined): void => setFrame({ model, collapsed, zoom: next })
  const view = link.view ?? 'trace'

  const [spanId, kind] = (link.span ?? '').split('.')
  const row = useMemo(
    () => (spanId === undefined || spanId === '' ? undefined : rowOf(model, spanId, kind as Parameters<typeof rowOf>[2])),
    [model, link.span],
  )
  const line = useMemo(
    () => (link.line === undefined ? undefined : model.lines.find(({ entry }) => lineKey(entry) === link.line)),
    [model, link.line],
  )
  const spans = useMemo(() => shownSpans(model, filter, collapsed), [model, filter, collapsed])
  const lines = useMemo(() => shownLines(model, filter, scope, row), [model, filter, scope, row])
  const errors = useMemo(() => findErrors(model.trace ?? [], { entries: model.entries, lines: 0 }), [model])

  const go = (change: { [Name in keyof Link]: Link[Name] | undefined }): void => {
    const next = Object.entries({ ...link, search: filter.text, ...change }).filter(([, value]) => value !== undefined && value !== '')
    onLink(Object.fromEntries(next))
  }
  const selectSpan = (index: number): void => {
    const span = model.rows[index]?.span
    if (span === undefined) return
    unfoldTo(index)
    const twice = rowOf(model, span.spanId)?.index !== index
    go({ view: undefined, span: twice ? `${span.spanId}.${span.kind}` : span.spanId, line: undefined })
  }
  const selectNow = useRef(selectSpan)
  selectNow.current = selectSpan
  const selectLine = (index: number): void => {
    const chosen = model.lines[index]
    if (chosen === undefined) return
    if (chosen.row !== undefined) unfoldTo(chosen.row)
    // The list stays what it is while somebody walks through it: only a line from elsewhere changes the span.
    const inside = row !== undefined && chosen.row !== undefined && chosen.row >= row.index && chosen.row < row.end
    const span = chosen.row === undefined ? undefined : model.rows[chosen.row]?.span.spanId
    go({ view: undefined, line: lineKey(chosen.entry), ...(!inside && row !== undefined && { span }) })
  }
  const unfoldTo = (index: number): void => {
    const above = new Set<number>()
    for (let at = model.rows[index]?.parent; at !== undefined; at = model.rows[at]?.parent) above.add(at)
    if ([...above].some((one) => collapsed.has(one))) setCollapsed(new Set([...collapsed].filter((one) => !above.has(one))))
  }
  const toggle = (index: number): void => {
    const next = new Set(collapsed)
    if (!next.delete(index)) next.add(index)
    setCollapsed(next)
  }
  const selectEntry = (entry: LogEntry): void => selectLine(model.entries.indexOf(entry))
  const nextError = (step: 1 | -1): void => {
    const failed = model.rows.filter((one) => one.failed).map(({ index }) => index)
    const here = row?.index ?? (step === 1 ? -1 : model.rows.length)
    const next = step === 1 ? failed.find((index) => index > here) : failed.findLast((index) => index < here)
    const found = next ?? failed.at(step === 1 ? 0 : -1)
    if (found !== undefined) selectSpan(found)
  }
  const close = (): void => {
    if (link.line !== undefined) go({ line: undefined })
    else if (link.span !== undefined) go({ span: undefined })
    else if (zoom !== undefined) setZoom(undefined)
    else setFilter(noFilter)
  }
  usePageKeys({
    e: () => nextError(1),
    E: () => nextError(-1),
    z: () => row !== undefined && row.untilMs > row.fromMs && setZoom({ fromMs: row.fromMs, untilMs: row.untilMs }),
    Escape: close,
    s: () => focusOn('.waterfall .rows'),
    l: () => focusOn('.lines .rows'),
    '/': () => focusOn('.search input'),
    r: () => news !== undefined && onNews(news.document),
  })
  useEffect(() => {
    document.title = `${model.rows[0]?.span.name ?? model.traceId} · spanlog`
  }, [model])
  useEffect(() => {
    if (link.search !== undefined && link.search !== filter.text) setFilter({ ...filter, text: link.search })
  }, [link.search])

  const whole: Range = { fromMs: 0, untilMs: model.durationMs }
  const body: Record<View, () => JSX.Element> = {
    trace: () => (
      <div
        class={row === undefined && line === undefined ? 'work' : 'work with-inspector'}
        style={{ '--rows': String(Math.min(spans.rows.length, 1000)) }}
      >
        <Waterfall
          {...{ model, shown: spans, selected: line?.row ?? row?.index, collapsed, range: zoom ?? whole }}
          onSelect={selectSpan}
          onLine={selectLine}
          onToggle={toggle}
          onRange={setZoom}
        />
        <Lines
          {...{
            model,
            shown: lines,
            selected: line?.index,
            scope: row === undefined ? 'trace' : scope,
            severity: filter.severity,
            hasSpan: row !== undefined,
          }}
          onSelect={selectLine}
          onScope={setScope}
          onSeverity={(severity) => setFilter({ ...filter, severity })}
        />
        {(row !== undefined || line !== undefined) && (
          <Inspector
            {...{ model, row, line }}
            onSpan={selectSpan}
            onTrace={served ? (trace, span) => onLink({ trace, span }) : undefined}
            onClose={close}
          />
        )}
      </div>
    ),
    path: () => <PathView model={model} onSpan={selectSpan} />,
    errors: () => <ErrorsView {...{ model, onSpan: selectSpan, onLine: selectEntry }} />,
    services: () => <ServicesView traces={model.trace ?? []} services={model.services} />,
    compare: () => <CompareView before={other} after={model} onCompare={served ? (id) => go({ with: id }) : undefined} />,
    report: () => (
      <ReportView
        report={trafficReport({
          traces: [model.trace, other?.trace].filter((trace) => trace !== undefined),
          entries: [...model.entries, ...(other?.entries ?? [])],
          spans: 'all',
          ...limits,
        })}
        services={model.services}
      />
    ),
  }
  const finding = useMemo(() => <Finding {...{ model, report: errors, onSpan: (index) => selectNow.current(index) }} />, [model])
  return (
    <div class="trace">
      <Header
        {...{ model, filter, view, served, errorGroups: errors.groups.length || errors.unmarked.length, fits: spans.fit.size }}
        onFilter={setFilter}
        onView={(next) => go({ view: next === 'trace' ? undefined : next })}
        onList={() => onLink({})}
      />
      <Arrived news={news} onNews={onNews} />
      {finding}
      <main id="view" aria-label={view}>
        {body[view]()}
      </main>
    </div>
  )
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus()
}
