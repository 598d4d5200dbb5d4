import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core'
import { options, type RefObject } from 'preact'
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'

export interface VirtualRows {
  /** Of the element that scrolls. */
  ref: RefObject<HTMLDivElement | null>
  heightPx: number
  items: { index: number; topPx: number }[]
  /** Brings a row into view, unless it is. */
  reveal: (index: number) => void
}

/** Paper has no scroll bar, and a browser that lays out a million rows for it dies. */
const maxPrinted = 2000

/** Of rows of one height, those that can be seen: what a list costs does not grow with its length. */
export function useVirtualRows(count: number, rowPx: number): VirtualRows {
  const ref = useRef<HTMLDivElement>(null)
  const [, redraw] = useReducer((turn: number) => turn + 1, 0)
  const printing = usePrinting()
  const given = {
    count,
    estimateSize: () => rowPx,
    getScrollElement: () => ref.current,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan: 8,
    onChange: () => redraw(undefined),
  }
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(given))
  virtualizer.setOptions(given)
  useEffect(() => virtualizer._didMount(), [virtualizer])
  useLayoutEffect(() => virtualizer._willUpdate())

  const items = printing
    ? Array.from({ length: Math.min(count, maxPrinted) }, (_, index) => ({ index, topPx: index * rowPx }))
    : virtualizer.getVirtualItems().map(({ index, start }) => ({ index, topPx: start }))
  return {
    ref,
    heightPx: printing ? items.length * rowPx : virtualizer.getTotalSize(),
    items,
    reveal: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  }
}

function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    const set = (value: boolean) => (): void => {
      // The browser takes the picture when the event returns: what is drawn later is not on it.
      options.debounceRendering = (draw) => draw()
      setPrinting(value)
      delete options.debounceRendering
    }
    const before = set(true)
    const after = set(false)
    addEventListener('beforeprint', before)
    addEventListener('afterprint', after)
    return () => {
      removeEventListener('beforeprint', before)
      removeEventListener('afterprint', after)
    }
  }, [])
  return printing
}
