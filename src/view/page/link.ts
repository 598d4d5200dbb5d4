import type { LogEntry } from '../../logs/types.js'

export const views = ['trace', 'path', 'errors', 'services', 'compare', 'report'] as const
export type View = (typeof views)[number]

/** What the part of the URL behind `#` says: which trace, span, line and view. It never leaves the browser. */
export interface Link {
  trace?: string
  /** The trace to compare with. */
  with?: string
  view?: View
  /** A span's ID; for spans that share one, with the kind behind a dot. */
  span?: string
  /** A line, by `lineKey`. */
  line?: string
  search?: string
}

const names = ['trace', 'with', 'view', 'span', 'line', 'search'] as const

export function formatLink(link: Link): string {
  const given = names.flatMap((name) => (link[name] === undefined || link[name] === '' ? [] : [[name, link[name]] as [string, string]]))
  return `#${new URLSearchParams(given).toString()}`
}

/** Whatever stands there: what is no such name, or no such value, is passed over. */
export function parseLink(hash: string): Link {
  const given = new URLSearchParams(hash.replace(/^#/, ''))
  const link: Link = {}
  for (const name of names) {
    const value = given.get(name)
    if (value === null || value === '') continue
    if (name !== 'view') link[name] = value
    else if (isView(value)) link.view = value
  }
  return link
}

function isView(text: string): text is View {
  return (views as readonly string[]).includes(text)
}

/** Names a line by its time and text: an index would point elsewhere once a late line has come. */
export function lineKey({ timeUnixNano, line }: LogEntry): string {
  let hash = 0x811c9dc5
  // FNV-1a over UTF-16: only to tell apart lines of one moment.
  for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193) >>> 0
  return `${timeUnixNano ?? ''}-${hash.toString(16)}`
}
