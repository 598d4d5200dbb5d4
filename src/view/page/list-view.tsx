import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ListedTrace, TraceList } from '../document.js'
import { wordsOf } from './filter.js'
import { formatLink } from './link.js'
import { ask, clockText, durationText, Empty, Outside } from './text.js'

const pauseMs = 2000

/** The traces that the sources hold, newest first; asked again and again while somebody looks. */
export function ListView(): JSX.Element {
  const [list, setList] = useState<TraceList>()
  const [problem, setProblem] = useState<string>()
  const [search, setSearch] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    void poll(stop.signal, setList, setProblem)
    return () => stop.abort()
  }, [])
  const words = wordsOf(search)
  const traces = (list?.traces ?? []).filter((trace) => words.every((word) => word.test(JSON.stringify(trace))))
  return (
    <main class="list">
      <header>
        <h1>Traces</h1>
        <a class="all" href={formatLink({ view: 'report' })}>
          Report over all of them
        </a>
        <input
          type="search"
          placeholder="Search"
          aria-label="Search"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <p role="status" class={problem === undefined ? 'live' : 'failed'}>
          {problem ?? (list === undefined ? 'Asking …' : `${traces.length} shown, updates by itself`)}
        </p>
      </header>
      {list !== undefined && traces.length === 0 && <Empty>No trace was found. It appears here as soon as there is one.</Empty>}
      {traces.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>Began (UTC)</th>
              <th>Trace</th>
              <th class="number">Duration</th>
              <th class="number">Spans</th>
              <th class="number">Lines</th>
              <th>Services</th>
            </tr>
          </thead>
          <tbody>
            {traces.map((trace) => (
              <Listed key={trace.traceId} trace={trace} />
            ))}
          </tbody>
        </table>
      )}
      {list?.reasons.map(({ code, message }) => (
        <p class="hint" key={`${code} ${message}`}>
          <Outside text={`${code}: ${message}`} />
        </p>
      ))}
    </main>
  )
}

function Listed({ trace }: { trace: ListedTrace }): JSX.Element {
  const { traceId, root, startUnixNano, durationMs, spans, lines, services, firstError } = trace
  const errors = (spans?.errors ?? 0) + (lines?.errors ?? 0)
  return (
    <tr class={errors > 0 ? 'with-errors' : ''}>
      <td class="time">{startUnixNano === undefined ? '' : clockText(BigInt(startUnixNano)).slice(0, 19)}</td>
      <td>
        <a href={formatLink({ trace: traceId })}>
          <b>
            <Outside text={root === undefined ? traceId : `${root.service} ${root.name}`} />
          </b>
          <code>{traceId}</code>
        </a>
        {firstError !== undefined && (
          <p class="failure">
            <Outside text={firstError.message} />
          </p>
        )}
      </td>
      <td class="number">{durationMs === undefined ? '' : durationText(durationMs)}</td>
      <Counted counts={spans} />
      <Counted counts={lines} />
      <td>
        <Outside text={services.join(', ')} />
      </td>
    </tr>
  )
}

function Counted({ counts }: { counts: ListedTrace['spans'] }): JSX.Element {
  return (
    <td class="number">
      {counts?.count}
      {(counts?.errors ?? 0) > 0 && <b class="failed"> ✗{counts?.errors}</b>}
    </td>
  )
}

async function poll(signal: AbortSignal, onList: (list: TraceList) => void, onProblem: (text: string | undefined) => void): Promise<void> {
  while (!signal.aborted) {
    const asked = performance.now()
    if (!document.hidden) {
      try {
        onList(await ask<TraceList>('list', signal))
        onProblem(undefined)
      } catch (error) {
        if (signal.aborted) return
        onProblem(`No answer: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    // A store that is slow to answer is left alone as long as it took.
    const restMs = Math.max(pauseMs, performance.now() - asked)
    await new Promise((resolve) => setTimeout(resolve, restMs))
  }
}
