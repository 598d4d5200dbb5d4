import type { JSX } from 'preact'
import { count } from '../count.js'
import { formatOffset } from '../terminal/duration.js'
import { lineText } from '../terminal/line.js'
import { escapeText } from '../terminal/text.js'
import { act, dataOf } from './events.js'
import type { Scope } from './filter.js'
import { lineKey } from './link.js'
import type { LineRow, Model } from './model.js'
import { still } from './still.js'
import { levelClass, Service } from './text.js'
import { useRevealed, useVirtualRows } from './virtual.js'

export interface LinesProps {
  model: Model
  /** Indexes of the lines that fit. */
  shown: readonly number[]
  selected: number | undefined
  scope: Scope
  severity: number
  hasSpan: boolean
  onSelect: (line: number) => void
  onScope: (scope: Scope) => void
  onSeverity: (severity: number) => void
}

const rowPx = 22
const scopes: [Scope, string][] = [
  ['trace', 'Whole trace'],
  ['below', 'Span and below'],
  ['span', 'Span only'],
]
const levels: [number, string][] = [
  [0, 'all levels'],
  [5, 'debug and above'],
  [9, 'info and above'],
  [13, 'warn and above'],
  [17, 'errors'],
]

/** The log lines in time order; which, the selection and the filters say. */
export function Lines(props: LinesProps): JSX.Element {
  const { model, shown, selected, scope, severity, hasSpan, onSelect } = props
  const { ref, heightPx, items, reveal } = useVirtualRows(shown.length, rowPx, model, (index) => {
    const line = model.lines[shown[index] ?? -1]
    return line && lineKey(line.entry)
  })
  const at = selected === undefined ? -1 : shown.indexOf(selected)
  useRevealed(at, model, reveal)
  const move = (to: number): void => {
    const line = shown[Math.max(0, Math.min(shown.length - 1, to))]
    if (line !== undefined) onSelect(line)
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(at - 1),
    PageDown: () => move(at + 12),
    PageUp: () => move(at - 12),
    Home: () => move(0),
    End: () => move(shown.length - 1),
  }
  return (
    <section class="lines" aria-label="Log lines">
      <header class="bar-of-list">
        <h2>
          {shown.length === model.lines.length ? count(shown.length, 'line') : `${shown.length} of ${count(model.lines.length, 'line')}`}
        </h2>
        <div class="choice" role="group" aria-label="Lines of">
          {scopes.map(([value, text]) => (
            <button
              key={value}
              type="button"
              aria-pressed={scope === value}
              disabled={!hasSpan && value !== 'trace'}
              onClick={() => props.onScope(value)}
            >
              {text}
            </button>
          ))}
        </div>
        <select aria-label="Level" value={severity} onChange={(event) => props.onSeverity(Number(event.currentTarget.value))}>
          {levels.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </header>
      <div
        class="rows"
        ref={ref}
        role="listbox"
        tabIndex={0}
        aria-label="Log lines"
        aria-activedescendant={at >= 0 ? `line-${selected}` : undefined}
        onKeyDown={(event) => act(event, keys)}
        onClick={(event) => {
          const { row } = dataOf(event)
          if (row !== undefined) onSelect(Number(row))
        }}
      >
        <div class="canvas" style={{ height: `${heightPx}px` }} role="presentation">
          {items.map(({ index, topPx }) => {
            const line = model.lines[shown[index] ?? -1]
            if (line === undefined) return null
            return (
              <Line key={line.index} {...{ model, line, place: index + 1, of: shown.length, topPx, isSelected: line.index === selected }} />
            )
          })}
        </div>
        {shown.length === 0 && <p class="empty">{model.lines.length === 0 ? 'No log lines were found.' : 'No line fits.'}</p>}
      </div>
    </section>
  )
}

interface LineProps {
  model: Model
  line: LineRow
  place: number
  of: number
  topPx: number
  isSelected: boolean
}

const Line = still(({ model, line, place, of, topPx, isSelected }: LineProps): JSX.Element => {
  const { entry, index, severity } = line
  const { message, fields } = lineText(entry)
  const service = entry.service ?? (line.row === undefined ? undefined : model.rows[line.row]?.span.service)
  const classes = ['line', levelClass(severity), isSelected && 'selected', line.row === undefined && 'aside']
  return (
    <div
      id={`line-${index}`}
      class={classes.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${topPx}px)` }}
      role="option"
      aria-selected={isSelected}
      aria-posinset={place}
      aria-setsize={of}
      data-row={index}
    >
      <span class="time">{entry.timeUnixNano === undefined ? '' : formatOffset(entry.timeUnixNano - model.startUnixNano)}</span>
      <span class="level">{escapeText(entry.severity?.text ?? '')}</span>
      <span class="from">{service !== undefined && <Service name={service} hue={model.services.get(service)?.hue} />}</span>
      <span class="said">
        <bdi>{message}</bdi>
        {fields !== '' && <bdi class="fields">{fields}</bdi>}
        {line.place !== undefined && model.rows.length > 0 && <i class="place">{line.place}</i>}
      </span>
    </div>
  )
})
