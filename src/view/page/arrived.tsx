import type { JSX } from 'preact'
import { count } from '../count.js'
import type { TraceDocument } from '../document.js'
import type { News } from './news.js'

interface ArrivedProps {
  news: News | undefined
  onNews: (document: TraceDocument) => void
}

/** Offers what has come since the trace was read, and says so to screen readers. */
export function Arrived({ news, onNews }: ArrivedProps): JSX.Element {
  const what = [
    ...((news?.spans ?? 0) > 0 ? [count(news!.spans, 'new span')] : []),
    ...((news?.lines ?? 0) > 0 ? [count(news!.lines, 'new line')] : []),
  ]
  return (
    <div role="status" class="arrived">
      {news !== undefined && (
        <button type="button" onClick={() => onNews(news.document)} title="Show what has come (r)">
          {what.length === 0 ? 'The trace has changed' : what.join(' and ')} · show
        </button>
      )}
    </div>
  )
}
