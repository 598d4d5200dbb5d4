import type { JSX } from 'preact'
import { count } from '../count.js'
import { Axis } from './axis.js'
import { act, dataOf } from './events.js'
import type { ShownSpans } from './filter.js'
import { keyOf, type Model } from './model.js'
import type { Range } from './scale.js'
import { Row } from './span-row.js'
import { useRevealed, useVirtualRows } from './virtual.js'

export interface WaterfallProps {
  model: Model
  shown: ShownSpans
  selected: number | undefined
  collapsed: ReadonlySet<number>
  range: Range
  onSelect: (row: number) => void
  onLine: (line: number) => void
  onToggle: (row: number) => void
  onRange: (range: Range | undefined) => void
}

const rowPx = 26

/** The tree of spans beside their bars. One element takes the focus; the rows are told to screen readers by `aria-activedescendant`. */
export function Waterfall(props: WaterfallProps): JSX.Element {
  const { model, shown, selected, collapsed, range, onSelect, onLine, onToggle } = props
  const { ref, heightPx, items, reveal } = useVirtualRows(shown.rows.length, rowPx, model, (index) =>
    keyOf(model.rows[shown.rows[index] ?? -1]?.span),
  )
  const at = selected === undefined ? -1 : shown.rows.indexOf(selected)
  useRevealed(at, model, reveal)

  const move = (to: number): void => {
    const row = shown.rows[Math.max(0, Math.min(shown.rows.length - 1, to))]
    if (row !== undefined) onSelect(row)
  }
  const fold = (close: boolean): void => {
    const row = at < 0 ? undefined : model.rows[shown.rows[at] ?? 0]
    if (row === undefined) return
    const isParent = row.end > row.index + 1
    if (isParent && collapsed.has(row.index) !== close) onToggle(row.index)
    else if (close && row.parent !== undefined) onSelect(row.parent)
    else if (!close && isParent) move(at + 1)
  }
  const keys: Record<string, () => void> = {
    ArrowDown: () => move(at + 1),
    ArrowUp: () => move(at - 1),
    PageDown: () => move(at + 15),
    PageUp: () => move(at - 15),
    Home: () => move(0),
    End: () => move(shown.rows.length - 1),
    ArrowLeft: () => fold(true),
    ArrowRight: () => fold(false),
  }

  return (
    <section class="waterfall" aria-label="Waterfall">
      <Axis range={range} onRange={props.onRange} zoomed={range.fromMs > 0 || range.untilMs < model.durationMs} />
      <div
        class="rows"
        ref={ref}
        role="tree"
        tabIndex={0}
        aria-label={`${count(shown.rows.length, 'span')} of ${model.rows.length}`}
        aria-activedescendant={at >= 0 ? `span-${selected}` : undefined}
        onKeyDown={(event) => act(event, keys)}
        onClick={(event) => {
          const { row, line, fold: folded } = dataOf(event)
          if (line !== undefined) onLine(Number(line))
          else if (folded !== undefined) onToggle(Number(folded))
          else if (row !== undefined) onSelect(Number(row))
        }}
      >
        <div class="canvas" style={{ height: `${heightPx}px` }} role="presentation">
          {items.map(({ index, topPx }) => {
            const row = model.rows[shown.rows[index] ?? -1]
            if (row === undefined) return null
            const { fit } = shown
            return (
              <Row
                key={row.index}
                {...{ model, row, topPx, range, collapsed, isSelected: row.index === selected, fits: fit.has(row.index) }}
              />
            )
          })}
        </div>
        {shown.rows.length === 0 && (
          <p class="empty">{model.rows.length === 0 ? 'No spans were found: there are only lines.' : 'No span fits.'}</p>
        )}
      </div>
    </section>
  )
}
