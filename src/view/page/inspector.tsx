import type { ComponentChildren, JSX } from 'preact'
import { formatOffset } from '../terminal/duration.js'
import { lineText } from '../terminal/line.js'
import { type LineRow, type Model, rowOf, type SpanRow } from './model.js'
import { Block, clockText, durationText, levelClass, nanoText, Outside, percent, Service } from './text.js'

interface InspectorProps {
  model: Model
  row: SpanRow | undefined
  line: LineRow | undefined
  onSpan: (row: number) => void
  onTrace: ((traceId: string, spanId: string) => void) | undefined
  onClose: () => void
}

/** All that is known of the selected span, or of the selected line. */
export function Inspector({ model, row, line, onSpan, onTrace, onClose }: InspectorProps): JSX.Element {
  return (
    <aside class="inspector" aria-label={line === undefined ? 'Span' : 'Line'}>
      <button type="button" class="close" onClick={onClose} aria-label="Close" title="Close (Esc)">
        ×
      </button>
      {line !== undefined && <LineDetails model={model} line={line} onSpan={onSpan} />}
      {line === undefined && row !== undefined && <SpanDetails model={model} row={row} onSpan={onSpan} onTrace={onTrace} />}
    </aside>
  )
}

function SpanDetails({
  model,
  row,
  onSpan,
  onTrace,
}: Pick<InspectorProps, 'onSpan' | 'onTrace'> & { model: Model; row: SpanRow }): JSX.Element {
  const { span } = row
  const pathMs = row.path.reduce((sum, part) => sum + part.untilMs - part.fromMs, 0)
  const parent = row.parent === undefined ? undefined : model.rows[row.parent]
  return (
    <>
      <h2 class={row.failed ? 'failed' : ''}>
        <Service name={span.service} hue={model.services.get(span.service)?.hue} /> <Outside text={span.name} />
      </h2>
      {row.failed && (
        <p class="failure">
          ✗ <Outside text={span.status.message ?? 'failed'} />
        </p>
      )}
      <dl class="facts">
        <Fact name="Duration">{nanoText(span.endUnixNano - span.startUnixNano)}</Fact>
        <Fact name="Start">
          {formatOffset(span.startUnixNano - model.startUnixNano)} <small>{clockText(span.startUnixNano)}</small>
        </Fact>
        {pathMs > 0 && (
          <Fact name="Critical path">
            {durationText(pathMs)} by itself <small>{percent(pathMs / model.durationMs)}</small>
          </Fact>
        )}
        <Fact name="Kind">{span.kind}</Fact>
        <Fact name="Status">{span.status.code}</Fact>
        <Fact name="Span ID">
          <code>{span.spanId}</code>
        </Fact>
        {span.parentSpanId !== undefined && (
          <Fact name="Parent">
            {parent === undefined ? (
              <>
                <code>{span.parentSpanId}</code> <small>{row.detached === 'cycle' ? 'its own descendant' : 'not in the trace'}</small>
              </>
            ) : (
              <button type="button" class="link" onClick={() => onSpan(parent.index)}>
                <Outside text={`${parent.span.service} ${parent.span.name}`} />
              </button>
            )}
          </Fact>
        )}
      </dl>
      <Table title="Attributes" record={span.attributes} open />
      {span.events.length > 0 && (
        <details open>
          <summary>Events ({span.events.length})</summary>
          {span.events.map((event, i) => {
            const { 'exception.stacktrace': stack, ...rest } = event.attributes
            return (
              <div class="event" key={i}>
                <h3>
                  <Outside text={event.name} /> <small>{formatOffset(event.timeUnixNano - model.startUnixNano)}</small>
                </h3>
                <Rows record={rest} />
                {typeof stack === 'string' && <Block text={stack} label="Stack" />}
              </div>
            )
          })}
        </details>
      )}
      {span.links.length > 0 && (
        <details open>
          <summary>Links ({span.links.length})</summary>
          {span.links.map((link, i) => {
            const here = link.traceId === model.traceId ? rowOf(model, link.spanId) : undefined
            const follow = here !== undefined ? () => onSpan(here.index) : onTrace && (() => onTrace(link.traceId, link.spanId))
            return (
              <div class="event" key={i}>
                {follow === undefined ? (
                  <code>
                    {link.traceId} {link.spanId}
                  </code>
                ) : (
                  <button type="button" class="link" onClick={follow}>
                    {here === undefined ? `trace ${link.traceId}` : <Outside text={`${here.span.service} ${here.span.name}`} />}
                  </button>
                )}
                <Rows record={link.attributes} />
              </div>
            )
          })}
        </details>
      )}
      <Table title="Resource" record={span.resource} />
    </>
  )
}

function LineDetails({ model, line, onSpan }: { model: Model; line: LineRow; onSpan: (row: number) => void }): JSX.Element {
  const { entry } = line
  const { message, stack } = lineText(entry)
  const row = line.row === undefined ? undefined : model.rows[line.row]
  return (
    <>
      <h2 class={levelClass(line.severity)}>
        <bdi>{message}</bdi>
      </h2>
      <dl class="facts">
        {entry.timeUnixNano !== undefined && (
          <Fact name="Time">
            {formatOffset(entry.timeUnixNano - model.startUnixNano)} <small>{clockText(entry.timeUnixNano)}</small>
          </Fact>
        )}
        {entry.severity !== undefined && (
          <Fact name="Level">
            <Outside text={entry.severity.text} />
          </Fact>
        )}
        {entry.service !== undefined && (
          <Fact name="Service">
            <Service name={entry.service} hue={model.services.get(entry.service)?.hue} />
          </Fact>
        )}
        <Fact name="Span">
          {row === undefined ? (
            <>
              {entry.spanId !== undefined && <code>{entry.spanId}</code>} <small>{line.place}</small>
            </>
          ) : (
            <button type="button" class="link" onClick={() => onSpan(row.index)}>
              <Outside text={`${row.span.service} ${row.span.name}`} />
            </button>
          )}
        </Fact>
      </dl>
      {stack.length > 0 && <Block text={stack.join('\n')} label="Stack" />}
      <Table title="Fields" record={entry.fields} open />
      <Table title="Metadata" record={entry.metadata} open />
      <Table title="Labels" record={entry.labels} />
      <details>
        <summary>As it was written</summary>
        <Block text={entry.line} label="The line as it was written" />
      </details>
    </>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function Table({ title, record, open = false }: { title: string; record: Record<string, unknown>; open?: boolean }): JSX.Element | null {
  const size = Object.keys(record).length
  if (size === 0) return null
  return (
    <details open={open}>
      <summary>
        {title} ({size})
      </summary>
      <Rows record={record} />
    </details>
  )
}

function Rows({ record }: { record: Record<string, unknown> }): JSX.Element | null {
  const entries = Object.entries(record)
  if (entries.length === 0) return null
  return (
    <dl class="record">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Outside text={name} />
          </dt>
          <dd>
            {typeof value === 'string' && value.includes('\n') ? <Block text={value} label={name} /> : <Outside text={valueText(value)} />}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
