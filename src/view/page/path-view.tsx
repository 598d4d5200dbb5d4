import type { JSX } from 'preact'
import { queryText, urlOf } from '../../analysis/attributes.js'
import { bottlenecks } from '../../analysis/bottlenecks.js'
import { type CallPattern, findPatterns } from '../../analysis/find-patterns.js'
import type { SpanRef } from '../../analysis/span-ref.js'
import { count } from '../count.js'
import { type Model, rowOf } from './model.js'
import { Empty, nanoText, Outside, percent, Service } from './text.js'

export interface ViewProps {
  model: Model
  /** Shows the span in the waterfall. */
  onSpan: (row: number) => void
}

const maxRows = 50

/** What to make faster: the critical path by who owns it, and calls that could be fewer or run side by side. */
export function PathView({ model, onSpan }: ViewProps): JSX.Element {
  if (model.trace === undefined) return <Empty>No spans were found, so there is no path.</Empty>
  const owners = bottlenecks(model.trace)
  const patterns = findPatterns(model.trace)
  return (
    <div class="page-view">
      <h2>Who decided how long it took</h2>
      <p class="hint">The critical path: shorten any of these, and the trace is shorter. What ran beside something longer is not here.</p>
      <table>
        <thead>
          <tr>
            <th>Span</th>
            <th class="number">On the path</th>
            <th class="number">Share</th>
            <th class="wide" />
            <th class="number">Whole span</th>
          </tr>
        </thead>
        <tbody>
          {owners.slice(0, maxRows).map((owner) => (
            <tr key={`${owner.spanId} ${owner.kind}`}>
              <td>
                <SpanLink {...{ model, onSpan, span: owner }} />
                <CallText model={model} span={owner} />
              </td>
              <td class="number">{nanoText(owner.pathNano)}</td>
              <td class="number">{percent(owner.share)}</td>
              <td class="wide">
                <Meter share={owner.share} hue={model.services.get(owner.service)?.hue ?? 250} />
              </td>
              <td class="number">{nanoText(owner.durationNano)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {owners.length > maxRows && <p class="hint">… and {owners.length - maxRows} more with less.</p>}
      <h2>Calls that cost more than they need to</h2>
      {patterns.length === 0 && (
        <p class="hint">None: no query is repeated for each row, nothing was tried again, no calls wait for each other without need.</p>
      )}
      {patterns.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>What</th>
              <th>Under</th>
              <th>Calls</th>
              <th class="number">Spent</th>
              <th class="number">At most saved</th>
            </tr>
          </thead>
          <tbody>
            {patterns.slice(0, maxRows).map((pattern) => (
              <tr key={`${pattern.kind} ${pattern.parent.spanId} ${pattern.calls[0]?.spanId}`}>
                <td>
                  <b>{kindText(pattern)}</b> <Outside text={pattern.shape} />
                </td>
                <td>
                  <SpanLink {...{ model, onSpan, span: pattern.parent }} />
                </td>
                <td>
                  {pattern.calls[0] !== undefined && (
                    <SpanLink {...{ model, onSpan, span: pattern.calls[0], text: count(pattern.calls.length, 'call') }} />
                  )}
                </td>
                <td class="number">{nanoText(pattern.spentNano)}</td>
                <td class="number">
                  {nanoText(pattern.savingNano)}
                  {!pattern.onPath && <small> beside the path</small>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

function kindText({ kind, succeeded }: CallPattern): string {
  if (kind === 'repeated') return 'repeated'
  if (kind === 'sequential') return 'one after another'
  return succeeded === true ? 'tried again, succeeded' : 'tried again, failed'
}

/** The query or URL behind a call, where its name does not say it. */
function CallText({ model, span }: { model: Model; span: SpanRef }): JSX.Element | null {
  const row = rowOf(model, span.spanId, span.kind)
  const text = row?.span && (queryText(row.span) ?? urlOf(row.span))
  return text === undefined || span.name.endsWith(text) ? null : (
    <code class="call">
      <Outside text={text.slice(0, 300)} />
    </code>
  )
}

export function SpanLink({ model, span, text, onSpan }: ViewProps & { span: SpanRef; text?: string }): JSX.Element {
  const row = rowOf(model, span.spanId, span.kind)
  const shown =
    text === undefined ? (
      <>
        <Service name={span.service} hue={model.services.get(span.service)?.hue} /> <Outside text={span.name} />
      </>
    ) : (
      text
    )
  if (row === undefined) return <span>{shown}</span>
  return (
    <button type="button" class="link" onClick={() => onSpan(row.index)}>
      {shown}
    </button>
  )
}

export function Meter({ share, hue }: { share: number; hue: number }): JSX.Element {
  return <div class="meter" style={{ '--hue': String(hue), '--share': String(Math.max(0, Math.min(1, share))) }} role="presentation" />
}
