/** Turns dark into light and back; until then the system's choice holds. A saved page has no place to keep it, so it is not kept. */
export function nextTheme(): void {
  const root = document.documentElement
  const isDark = root.dataset['theme'] === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : root.dataset['theme'] === 'dark'
  root.dataset['theme'] = isDark ? 'light' : 'dark'
}
