import type { JSX } from 'preact'
import { count } from '../count.js'
import { subjectOf } from '../subject.js'
import type { Model, SpanRow } from './model.js'
import { cent, type Range, shareOf, strip } from './scale.js'
import { still } from './still.js'
import { durationText, levelClass, Outside, Service } from './text.js'

/** Levels that are indented; a deeper one shows its number. */
const maxIndent = 14

export interface RowProps {
  model: Model
  row: SpanRow
  topPx: number
  range: Range
  collapsed: ReadonlySet<number>
  isSelected: boolean
  fits: boolean
}

export const Row = still(({ model, row, topPx, range, collapsed, isSelected, fits }: RowProps): JSX.Element => {
  const { index, span, depth, failed, parent } = row
  const hue = model.services.get(span.service)?.hue ?? 0
  const subject = subjectOf(span)
  const isParent = row.end > index + 1
  const above = parent === undefined ? undefined : model.rows[parent]
  const classes = ['row', failed && 'failed', isSelected && 'selected', !fits && 'aside', row.path.length > 0 && 'on-path']
  return (
    <div
      id={`span-${index}`}
      class={classes.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${topPx}px)`, '--hue': String(hue), '--depth': String(Math.min(depth, maxIndent)) }}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isSelected}
      aria-expanded={isParent ? !collapsed.has(index) : undefined}
      aria-label={spoken(row)}
      data-row={index}
    >
      <div class="name">
        {depth > maxIndent && <span class="depth">{depth}</span>}
        <span class={isParent ? 'fold' : 'leaf'} data-fold={isParent ? index : undefined}>
          {isParent ? (collapsed.has(index) ? `▸` : '▾') : ''}
        </span>
        {failed && <span class="cross">✗</span>}
        {row.detached !== undefined && (
          <span class="detached" title={row.detached === 'orphan' ? 'its parent is not in the trace' : 'its parent is its own descendant'}>
            ?
          </span>
        )}
        {above?.span.service !== span.service && <Service name={span.service} hue={hue} />}
        <span class="operation">
          <Outside text={span.name} />
          {subject !== undefined && (
            <small>
              {' '}
              <Outside text={subject} />
            </small>
          )}
        </span>
        {collapsed.has(index) && <span class="below">+{row.end - index - 1}</span>}
      </div>
      <div class="lane">
        <Bar row={row} range={range} />
        <Marks model={model} row={row} range={range} />
      </div>
    </div>
  )
})

function spoken(row: SpanRow): string {
  const { span, failed, fromMs, untilMs, path, lines } = row
  return [
    `${span.service} ${span.name}`,
    durationText(untilMs - fromMs),
    ...(failed ? ['failed'] : []),
    ...(path.length > 0 ? ['on the critical path'] : []),
    count(lines.length, 'line'),
  ].join(', ')
}

function Bar({ row, range }: { row: SpanRow; range: Range }): JSX.Element | null {
  const { fromMs, untilMs, path } = row
  const share = shareOf(range)
  const [left, right] = [share(fromMs), share(untilMs)]
  if (right < 0 || left > 1) return null
  const [from, until] = [Math.max(0, left), Math.min(1, right)]
  // Beside the bar where there is room, else upon its end; a narrow window may have less of it.
  const label =
    until < 0.86
      ? { left: `min(calc(${cent(until)} + 6px), calc(100% - 52px))` }
      : from > 0.14
        ? { right: `calc(${cent(1 - from)} + 6px)` }
        : { right: `calc(${cent(1 - until)} + 6px)` }
  return (
    <>
      <div class="bar" style={{ left: cent(from), width: `max(2px, ${cent(until - from)})` }} />
      {path.map((part) => (
        <div key={part.fromMs} class="path" style={strip(share(part.fromMs), share(part.untilMs))} />
      ))}
      <span class={until < 0.86 || from > 0.14 ? 'label' : 'label upon'} style={label}>
        {durationText(untilMs - fromMs)}
      </span>
    </>
  )
}

const marksPerRow = 150

/** One tick for lines that would stand upon each other; it shows the worst of them. */
function Marks({ model, row, range }: { model: Model; row: SpanRow; range: Range }): JSX.Element {
  const share = shareOf(range)
  const worst = new Map<number, number>()
  for (const index of row.lines) {
    const line = model.lines[index]
    const at = line?.atMs === undefined ? -1 : share(line.atMs)
    if (line === undefined || at < 0 || at > 1) continue
    const cell = Math.round(at * marksPerRow)
    const before = model.lines[worst.get(cell) ?? -1]
    if (before === undefined || before.severity < line.severity) worst.set(cell, index)
  }
  return (
    <>
      {[...worst].map(([cell, index]) => {
        const line = model.lines[index]
        return (
          <span
            key={cell}
            class={`mark ${levelClass(line?.severity ?? 0)}`}
            style={{ left: cent(share(line?.atMs ?? 0)) }}
            data-line={index}
            title={line?.entry.message ?? line?.entry.line.slice(0, 200)}
          />
        )
      })}
    </>
  )
}
