import type { JSX } from 'preact'
import { cent, type Range } from './scale.js'
import { durationText } from './text.js'

interface AxisProps {
  range: Range
  /** Whether the range is a part of the trace only. */
  zoomed: boolean
  /** Without a range: the whole trace. */
  onRange: (range: Range | undefined) => void
}

/** The scale; dragging over it zooms in, and a double click goes back. */
export function Axis({ range, onRange, zoomed }: AxisProps): JSX.Element {
  const length = range.untilMs - range.fromMs
  const drag = (down: PointerEvent): void => {
    const lane = down.currentTarget as HTMLElement
    const brush = lane.querySelector<HTMLElement>('.brush')
    const start = pointAt(down, lane)
    lane.setPointerCapture(down.pointerId)
    const draw = (event: PointerEvent): [number, number] => {
      const end = pointAt(event, lane)
      const [from, until] = [Math.min(start, end), Math.max(start, end)]
      if (brush !== null) Object.assign(brush.style, { left: cent(from), width: cent(until - from) })
      return [from, until]
    }
    const end = (up: PointerEvent): void => {
      lane.removeEventListener('pointermove', draw)
      const [from, until] = draw(up)
      if (brush !== null) brush.style.width = '0'
      if (until - from > 0.005) onRange({ fromMs: range.fromMs + from * length, untilMs: range.fromMs + until * length })
    }
    lane.addEventListener('pointermove', draw)
    lane.addEventListener('pointerup', end, { once: true })
  }
  return (
    <div class="axis">
      <div class="name">
        Span
        {zoomed && (
          <button type="button" class="small" onClick={() => onRange(undefined)}>
            whole trace
          </button>
        )}
      </div>
      <div
        class="lane"
        onPointerDown={drag}
        onDblClick={() => onRange(undefined)}
        title="Drag to zoom in, double-click for the whole trace"
      >
        {[0, 0.25, 0.5, 0.75, 1].map((part) => (
          <span key={part} class={`tick at${part * 100}`}>
            {durationText(range.fromMs + part * length)}
          </span>
        ))}
        <div class="brush" />
      </div>
    </div>
  )
}

function pointAt(event: PointerEvent, lane: HTMLElement): number {
  const { left, width } = lane.getBoundingClientRect()
  return Math.max(0, Math.min(1, (event.clientX - left) / width))
}
