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

/**
 * Of rows of one height, those that can be seen: what a list costs does not grow with its length.
 *
 * @param whole - what the rows are of; where another comes in its place, the row that was on top stays there
 * @param keyOf - tells a row again
 */
export function useVirtualRows(count: number, rowPx: number, whole: unknown, keyOf: (index: number) => string | undefined): VirtualRows {
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

  useKeptScroll(ref, count, rowPx, whole, keyOf)

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

/** Brings what is selected into view when it changes, and not because its place did where more rows have come. */
export function useRevealed(at: number, whole: unknown, reveal: (index: number) => void): void {
  const shown = useRef(whole)
  useEffect(() => {
    if (at >= 0 && shown.current === whole) reveal(at)
    shown.current = whole
  }, [at, whole])
}

function useKeptScroll(
  ref: RefObject<HTMLDivElement | null>,
  count: number,
  rowPx: number,
  whole: unknown,
  keyOf: (index: number) => string | undefined,
): void {
  const before = useRef({ whole, key: keyOf })
  const { whole: old, key: oldKey } = before.current
  before.current = { whole, key: keyOf }
  useLayoutEffect(() => {
    const top = ref.current?.scrollTop ?? 0
    if (old === whole || top === 0) return
    const first = Math.floor(top / rowPx)
    const key = oldKey(first)
    for (let index = 0; index < count; index++) {
      if (keyOf(index) !== key) continue
      ref.current?.scrollTo({ top: index * rowPx + (top % rowPx) })
      return
    }
  }, [whole])
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
