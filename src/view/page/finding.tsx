import type { JSX } from 'preact'
import { bottlenecks } from '../../analysis/bottlenecks.js'
import type { ErrorReport } from '../../analysis/find-errors.js'
import { doubtsOf } from '../doubts.js'
import { headlineOf } from '../headline.js'
import { SpanLink, type ViewProps } from './path-view.js'
import { Outside } from './text.js'

/** The sentence that the terminal has above its picture, and the ways to what it names. */
export function Finding({ model, report, onSpan }: ViewProps & { report: ErrorReport }): JSX.Element | null {
  const ranked = model.trace === undefined ? [] : bottlenecks(model.trace, { by: 'operation' })
  const sentence = model.trace && headlineOf(model.trace, report, ranked)
  const { gaps, skew } = model.trace === undefined ? { gaps: [] } : doubtsOf(model.trace)
  const doubts = skew === undefined ? gaps : [...gaps, `${skew} spanlog view --adjust draws what its spans did inside the call.`]
  if (sentence === undefined && doubts.length === 0) return null
  const [slowest] = ranked
  const origins = report.groups.flatMap((group) => group.origins).toSorted((a, b) => (a.atUnixNano < b.atUnixNano ? -1 : 1))
  const [first] = origins
  return (
    <p class={first === undefined && report.unmarked.length === 0 ? 'finding' : 'finding bad'}>
      {sentence !== undefined && <Outside text={sentence} />}
      {first !== undefined && <SpanLink {...{ model, onSpan, span: first, text: 'to the error' }} />}
      {slowest !== undefined && <SpanLink {...{ model, onSpan, span: slowest, text: 'to what took the time' }} />}
      {doubts.map((doubt) => (
        <span key={doubt} class="doubt">
          <Outside text={doubt} />
        </span>
      ))}
    </p>
  )
}
