import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { type ErrorGroup, type ErrorOrigin, findErrors } from '../../analysis/find-errors.js'
import type { LogEntry } from '../../logs/types.js'
import { count } from '../count.js'
import { formatOffset } from '../terminal/duration.js'
import { lineText } from '../terminal/line.js'
import { escapeText } from '../terminal/text.js'
import type { Model } from './model.js'
import { SpanLink, type ViewProps } from './path-view.js'
import { Empty, levelClass, Outside, Service } from './text.js'

interface ErrorsProps extends ViewProps {
  onLine: (entry: LogEntry) => void
}

/** Errors by type and service: where each began, how it spread, and what was logged around it. */
export function ErrorsView({ model, onSpan, onLine }: ErrorsProps): JSX.Element {
  const { groups, unmarked } = useMemo(() => findErrors(model.trace ?? [], { entries: model.entries }), [model])
  if (groups.length === 0 && unmarked.length === 0) return <Empty>No span failed, and no line is an error.</Empty>
  return (
    <div class="page-view">
      {groups.map((group) => (
        <Group key={`${group.service} ${group.type}`} {...{ model, group, onSpan, onLine }} />
      ))}
      {unmarked.length > 0 && (
        <section class="card">
          <h2>{count(unmarked.length, 'error line')}, but no failed span</h2>
          <p class="hint">Somebody saw an error and did not mark the span.</p>
          <Around {...{ model, entries: unmarked.slice(0, 100), onLine }} />
        </section>
      )}
    </div>
  )
}

const maxOrigins = 20

function Group({ model, group, onSpan, onLine }: ErrorsProps & { group: ErrorGroup }): JSX.Element {
  return (
    <section class="card">
      <h2>
        <span class="failed">
          {group.count > 1 && `${group.count} × `}
          <Outside text={group.type} />
        </span>{' '}
        <small>
          began in <Service name={group.service} hue={model.services.get(group.service)?.hue} />
        </small>
      </h2>
      {group.message !== undefined && (
        <p class="failure">
          <Outside text={group.message} />
        </p>
      )}
      <p class="hint">{whatBecame(group)}</p>
      {group.origins.slice(0, maxOrigins).map((origin) => (
        <Origin key={`${origin.spanId} ${origin.kind}`} {...{ model, origin, onSpan, onLine }} />
      ))}
      {group.origins.length > maxOrigins && <p class="hint">… and {group.origins.length - maxOrigins} more like these.</p>}
    </section>
  )
}

function whatBecame({ count: errors, services, handled, outages }: ErrorGroup): string {
  const isBack = outages.some(({ recoveredUnixNano }) => recoveredUnixNano !== undefined)
  const said = [
    ...(services.length > 1 ? [`reached ${count(services.length, 'service')}`] : []),
    ...(handled > 0 ? [`caught ${handled === errors ? 'each time' : count(handled, 'time')}`] : []),
    ...(outages.length > 0 ? [isBack ? 'the operation worked again later' : 'the operation did not work again in this trace'] : []),
  ]
  return said.join('; ')
}

function Origin({ model, origin, onSpan, onLine }: ErrorsProps & { origin: ErrorOrigin }): JSX.Element {
  const { spread, handledBy, causedBy, lines } = origin
  return (
    <div class="origin">
      <ol class="spread" aria-label="How it spread">
        <li>
          <b>{formatOffset(origin.atUnixNano - model.startUnixNano)}</b> <SpanLink {...{ model, onSpan, span: origin }} />
        </li>
        {spread.map((span) => (
          <li key={`${span.spanId} ${span.kind}`}>
            <SpanLink {...{ model, onSpan, span }} />
          </li>
        ))}
        {causedBy !== undefined && (
          <li class="cause">
            after the error of <SpanLink {...{ model, onSpan, span: causedBy }} />
          </li>
        )}
        {handledBy !== undefined && (
          <li class="handled">
            caught by <SpanLink {...{ model, onSpan, span: handledBy }} />
          </li>
        )}
      </ol>
      {/* What was logged around the cause has been shown there. */}
      <details open={causedBy === undefined}>
        <summary>{count(lines.length, 'line')} around it</summary>
        <Around {...{ model, entries: lines, onLine }} />
      </details>
    </div>
  )
}

function Around({
  model,
  entries,
  onLine,
}: {
  model: Model
  entries: readonly LogEntry[]
  onLine: (entry: LogEntry) => void
}): JSX.Element {
  return (
    <ul class="around" aria-label="Lines around it">
      {entries.map((entry, i) => {
        const { message, fields } = lineText(entry)
        return (
          <li key={i} class={levelClass(entry.severity?.number ?? 0)}>
            <button type="button" onClick={() => onLine(entry)}>
              <span class="time">{entry.timeUnixNano === undefined ? '' : formatOffset(entry.timeUnixNano - model.startUnixNano)}</span>
              <span class="level">{escapeText(entry.severity?.text ?? '')}</span>
              <span class="from">
                {entry.service !== undefined && <Service name={entry.service} hue={model.services.get(entry.service)?.hue} />}
              </span>
              <span class="said">
                <bdi>{message}</bdi> <bdi class="fields">{fields}</bdi>
              </span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}
