import { useEffect, useRef } from 'preact/hooks'

/** Keys that act wherever the focus is, but not while somebody writes. */
export function usePageKeys(keys: Record<string, () => unknown>): void {
  // What a key does changes with each drawing; the listener stays.
  const now = useRef(keys)
  now.current = keys
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const { target } = event
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return
      if (target instanceof HTMLElement && target.matches('input, select, textarea')) {
        if (event.key === 'Escape') target.blur()
        return
      }
      const does = now.current[event.key]
      if (does === undefined) return
      event.preventDefault()
      does()
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}
