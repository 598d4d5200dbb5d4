import type { JSX } from 'preact'
import { type ChangeKind, compareTraces, type PlaceSummary, type TraceChange } from '../../analysis/compare-traces.js'
import { count } from '../count.js'
import type { Model } from './model.js'
import { durationText, Empty, Outside, Service } from './text.js'

interface CompareProps {
  /** The trace compared with, and the one on the page. */
  before: Model | undefined
  after: Model
  /** Absent in a saved page, which has only what was put into it. */
  onCompare: ((traceId: string) => void) | undefined
}

/** What is different from another trace, by place in the call tree. */
export function CompareView({ before, after, onCompare }: CompareProps): JSX.Element {
  return (
    <div class="page-view">
      {onCompare !== undefined && (
        <form
          class="ask"
          onSubmit={(event) => {
            event.preventDefault()
            const given = new FormData(event.currentTarget).get('with')
            const id = /[0-9a-f]{32}/i.exec(typeof given === 'string' ? given : '')?.[0]
            if (id !== undefined) onCompare(id.toLowerCase())
          }}
        >
          <label>
            Compare with trace <input name="with" size={38} placeholder="32 hex digits" value={before?.traceId ?? ''} />
          </label>
          <button type="submit">Compare</button>
        </form>
      )}
      {before === undefined && (
        <Empty>
          {onCompare === undefined
            ? 'This page holds one trace only: spanlog view A B --out makes one with two.'
            : 'Give another trace to see what is different.'}
        </Empty>
      )}
      {before !== undefined && (before.trace === undefined || after.trace === undefined) && <Empty>One of the two has no spans.</Empty>}
      {before?.trace !== undefined && after.trace !== undefined && <Changes before={before} after={after} />}
    </div>
  )
}

const words: Record<ChangeKind, string> = {
  added: 'new',
  removed: 'gone',
  slower: 'slower',
  faster: 'faster',
  'more-calls': 'more calls',
  'fewer-calls': 'fewer calls',
  failing: 'fails now',
  recovered: 'works again',
  retried: 'tried again',
  'cache-missed': 'cache missed',
  'cache-hit': 'cache hit',
}
const worse = new Set<ChangeKind>(['slower', 'more-calls', 'failing', 'retried', 'cache-missed'])
/** Changes that have no time of their own. */
const timeless = new Set<ChangeKind>(['failing', 'recovered', 'retried'])
const better = new Set<ChangeKind>(['faster', 'fewer-calls', 'recovered', 'cache-hit'])

function Changes({ before, after }: { before: Model; after: Model }): JSX.Element {
  const { changes } = compareTraces(before.trace ?? [], after.trace ?? [])
  const most = Math.max(...changes.map(({ selfDeltaMs }) => Math.abs(selfDeltaMs)), 1e-9)
  return (
    <>
      <dl class="pair">
        <dt>Before</dt>
        <dd>
          <code>{before.traceId}</code> {durationText(before.durationMs)}, {count(before.rows.length, 'span')},{' '}
          {count(before.failed, 'error')}
        </dd>
        <dt>Now</dt>
        <dd>
          <code>{after.traceId}</code> {durationText(after.durationMs)}, {count(after.rows.length, 'span')}, {count(after.failed, 'error')}
        </dd>
      </dl>
      {changes.length === 0 && <Empty>Nothing is different.</Empty>}
      {changes.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Change</th>
              <th>Where</th>
              <th class="number">Before</th>
              <th class="number">Now</th>
              <th class="number">By itself</th>
              <th class="wide" />
            </tr>
          </thead>
          <tbody>
            {changes.slice(0, 200).map((change) => (
              <Change key={`${change.kind} ${change.path.join('>')} ${change.spanKind}`} change={change} most={most} after={after} />
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

function Change({ change, most, after }: { change: TraceChange; most: number; after: Model }): JSX.Element {
  const { kind, service, name, path, selfDeltaMs, places } = change
  const tone = worse.has(kind) || (kind === 'added' && selfDeltaMs > 0) ? 'worse' : better.has(kind) ? 'better' : ''
  return (
    <tr>
      <td class={`tone ${tone}`}>{words[kind]}</td>
      <td title={path.join(' › ')}>
        <Service name={service} hue={after.services.get(service)?.hue} /> <Outside text={name} />
        {places !== undefined && places > 1 && <small> and {places - 1} below</small>}
      </td>
      <td class="number">{summaryText(change.before)}</td>
      <td class="number">{summaryText(change.after)}</td>
      <td class="number">{!timeless.has(kind) && `${selfDeltaMs >= 0 ? '+' : '−'}${durationText(Math.abs(selfDeltaMs))}`}</td>
      <td class="wide">
        {!timeless.has(kind) && (
          <div class={`delta ${selfDeltaMs >= 0 ? 'worse' : 'better'}`} style={{ '--share': String(Math.abs(selfDeltaMs) / most) }} />
        )}
      </td>
    </tr>
  )
}

function summaryText({ calls, medianMs, failed }: PlaceSummary): string {
  if (calls === 0) return '–'
  return [`${calls > 1 ? `${calls}× ` : ''}${durationText(medianMs ?? 0)}`, ...(failed > 0 ? [`${failed} failed`] : [])].join(', ')
}
