import { useMemo, useState } from 'preact/hooks'
import { keyOf, type Model } from './model.js'
import type { Range } from './scale.js'

interface Frame {
  /** The trace whose rows and times these are. */
  model: Model
  collapsed: ReadonlySet<number>
  zoom: Range | undefined
}

/** What is folded, and which part of the time is shown; carried over where more of the trace has come. */
export function useFrame(model: Model): [Frame, (frame: Frame) => void] {
  const [frame, setFrame] = useState<Frame>({ model, collapsed: new Set(), zoom: undefined })
  const now = useMemo(() => (frame.model === model ? frame : carried(frame, model)), [frame, model])
  return [now, setFrame]
}

function carried({ model: old, collapsed, zoom }: Frame, model: Model): Frame {
  const folded = new Set([...collapsed].map((index) => keyOf(old.rows[index]?.span)))
  const earlierMs = Number(old.startUnixNano - model.startUnixNano) / 1e6
  return {
    model,
    collapsed: new Set(model.rows.filter(({ span }) => folded.has(keyOf(span))).map(({ index }) => index)),
    zoom: zoom && { fromMs: zoom.fromMs + earlierMs, untilMs: zoom.untilMs + earlierMs },
  }
}
