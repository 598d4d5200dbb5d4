import { useEffect, useState } from 'preact/hooks'
import { type TraceDocument, versionOf } from '../document.js'
import type { Model } from './model.js'
import { bodyOf } from './text.js'

/** What has arrived of a trace since it was read. */
export interface News {
  spans: number
  lines: number
  document: TraceDocument
}

const shortestMs = 3000
const longestMs = 60_000

/**
 * Asks again for a trace while somebody looks at it: soon where something has just arrived, ever more seldom where nothing does. What has
 * arrived waits until it is asked for, so that nothing moves under somebody's eyes.
 *
 * @param model - the trace as it is shown; absent where it is not, or where there is no server to ask
 */
export function useNews(model: Model | undefined): News | undefined {
  const [news, setNews] = useState<News>()
  useEffect(() => {
    setNews(undefined)
    const stop = new AbortController()
    if (model !== undefined) void poll(model, stop.signal, setNews)
    return () => stop.abort()
  }, [model])
  return news
}

async function poll(model: Model, signal: AbortSignal, onNews: (news: News) => void): Promise<void> {
  const { traceId, rows, lines, verdict } = model
  let version = versionOf(rows.length, lines.length, verdict.complete)
  let restMs = shortestMs
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, restMs))
    if (signal.aborted) return
    if (document.hidden) continue
    const asked = performance.now()
    restMs = Math.min(longestMs, restMs * 1.5)
    try {
      const answer = await fetch(`trace/${encodeURIComponent(traceId)}`, { signal, headers: { 'if-none-match': version } })
      if (answer.status !== 304) {
        const found = await bodyOf<TraceDocument>(answer)
        const spans = found.trace?.spans.length ?? 0
        version = versionOf(spans, found.entries.length, found.verdict.complete)
        restMs = shortestMs
        onNews({ spans: spans - rows.length, lines: found.entries.length - lines.length, document: found })
      }
    } catch {
      // What was read stays; the next look may find the store again.
    }
    // A store that is slow to answer is left alone as long as it took.
    restMs = Math.max(restMs, performance.now() - asked)
  }
}
