/** Does what the key is for, and keeps it from the browser. */
export function act(event: KeyboardEvent, keys: Record<string, () => void>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const does = keys[event.key]
  if (does === undefined) return
  event.preventDefault()
  event.stopPropagation()
  does()
}

/** The `data-…` of what was clicked, or of what holds it. */
export function dataOf({ target }: Event): DOMStringMap {
  const found: DOMStringMap = {}
  for (let at = target instanceof Element ? target : null; at !== null; at = at.parentElement) {
    if (!(at instanceof HTMLElement)) continue
    for (const [name, value] of Object.entries(at.dataset)) found[name] ??= value
    if (at.dataset['row'] !== undefined) break
  }
  return found
}
