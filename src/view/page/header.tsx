import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { count, troubleCounts } from '../count.js'
import type { Filter } from './filter.js'
import { usePageKeys } from './keys.js'
import { type View, views } from './link.js'
import type { Model } from './model.js'
import { clockText, durationText, Outside, Service } from './text.js'
import { nextTheme } from './theme.js'

interface HeaderProps {
  model: Model
  filter: Filter
  view: View
  served: boolean
  errorGroups: number
  /** Spans that fit the filter. */
  fits: number
  onFilter: (filter: Filter) => void
  onView: (view: View) => void
  onList: () => void
}

const titles: Record<View, string> = {
  trace: 'Trace',
  path: 'Critical path',
  errors: 'Errors',
  services: 'Services',
  compare: 'Compare',
  report: 'Report',
}

export function Header({ model, filter, view, served, errorGroups, fits, onFilter, onView, onList }: HeaderProps): JSX.Element {
  const help = useRef<HTMLDialogElement>(null)
  const root = model.rows[0]?.span
  usePageKeys({
    '?': () => help.current?.showModal(),
    ...Object.fromEntries(views.map((name, i) => [String(i + 1), () => onView(name)])),
  })
  return (
    <header class="head">
      <div class="title">
        {served && (
          <button type="button" class="back" onClick={onList} title="All traces">
            ‹ Traces
          </button>
        )}
        <h1>
          {root === undefined ? (
            'Log lines'
          ) : (
            <>
              <Service name={root.service} hue={model.services.get(root.service)?.hue} /> <Outside text={root.name} />
            </>
          )}
        </h1>
        <strong class="took">{durationText(model.durationMs)}</strong>
        <ul class="figures">
          <li>{count(model.rows.length, 'span')}</li>
          <li>{count(model.services.size, 'service')}</li>
          {troubleCounts(model.failed, model.errorLines, model.lines.length).map((text) => (
            <li key={text} class={text.includes('error') && model.failed + model.errorLines > 0 ? 'failed' : ''}>
              {text}
            </li>
          ))}
        </ul>
        <Verdict {...model.verdict} />
        <span class="identity">
          <code>{model.traceId}</code> <time>{clockText(model.startUnixNano)}</time>
        </span>
        <button type="button" class="small" onClick={nextTheme} aria-label="Dark or light" title="Dark or light (t)">
          ◐
        </button>
        <button type="button" class="small" onClick={() => help.current?.showModal()} aria-label="Keys" title="Keys (?)">
          ?
        </button>
      </div>
      <div class="tools">
        <nav aria-label="Views">
          {views.map((name) => (
            <button key={name} type="button" aria-current={view === name ? 'page' : undefined} onClick={() => onView(name)}>
              {titles[name]}
              {name === 'errors' && errorGroups > 0 && <b class="badge"> {errorGroups} </b>}
            </button>
          ))}
        </nav>
        {view === 'trace' && <Filters {...{ model, filter, fits, onFilter }} />}
      </div>
      <dialog ref={help} aria-label="Keys" onClick={(event) => event.target === help.current && help.current?.close()}>
        <Keys />
      </dialog>
    </header>
  )
}

function Verdict({ complete, reasons }: Model['verdict']): JSX.Element {
  const text = reasons.map(({ code, message }) => `${code}: ${message}`).join('\n')
  return (
    <details class={complete ? 'verdict complete' : 'verdict incomplete'}>
      <summary title={text}>{complete ? 'complete' : 'INCOMPLETE'}</summary>
      <ul>
        {reasons.map(({ code, message }, i) => (
          <li key={i}>
            <Outside text={code === 'HOLDS_FOR' ? message : `${code}: ${message}`} />
          </li>
        ))}
      </ul>
    </details>
  )
}

function Filters({ model, filter, fits, onFilter }: Pick<HeaderProps, 'model' | 'filter' | 'fits' | 'onFilter'>): JSX.Element {
  const { text, hidden, errors, path } = filter
  const toggle = (name: string): void => {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    onFilter({ ...filter, hidden: next })
  }
  return (
    <div class="filters" role="search">
      <ul class="legend" aria-label="Services">
        {[...model.services.values()].slice(0, 12).map(({ name, hue, failed }) => (
          <li key={name}>
            <button
              type="button"
              aria-pressed={!hidden.has(name)}
              style={{ '--hue': String(hue) }}
              onClick={() => toggle(name)}
              title="Show or hide"
            >
              <Outside text={name} />
              {failed > 0 && <b class="failed">✗{failed}</b>}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="toggle" aria-pressed={errors} onClick={() => onFilter({ ...filter, errors: !errors })}>
        Errors only
      </button>
      <button type="button" class="toggle" aria-pressed={path} onClick={() => onFilter({ ...filter, path: !path })}>
        Critical path only
      </button>
      <label class="search">
        <input
          type="search"
          placeholder="Search spans and lines  /"
          aria-label="Search spans and lines"
          value={text}
          onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
        />
        {text !== '' && <output>{count(fits, 'span')}</output>}
      </label>
    </div>
  )
}

const keys: [string, string][] = [
  ['↑ ↓', 'span or line above, below'],
  ['← →', 'fold and unfold; to the parent, to the first child'],
  ['s  l', 'to the spans, to the lines'],
  ['e  E', 'next failed span, the one before'],
  ['z', 'zoom to the span'],
  ['/', 'search'],
  ['1 … 6', 'views'],
  ['r', 'show what has arrived since'],
  ['t', 'dark or light'],
  ['Esc', 'back: line, span, zoom, filter'],
]

function Keys(): JSX.Element {
  return (
    <form method="dialog">
      <h2>Keys</h2>
      <dl>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="submit">Close</button>
    </form>
  )
}
