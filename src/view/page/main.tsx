import { type JSX, render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { DATA_ELEMENT, type PageData, type TraceDocument } from '../document.js'
import { usePageKeys } from './keys.js'
import { formatLink, type Link, parseLink } from './link.js'
import { ListView } from './list-view.js'
import { ManyView } from './many-view.js'
import { readDocument } from './model.js'
import { useNews } from './news.js'
import { ask, Empty } from './text.js'
import { nextTheme } from './theme.js'
import { TraceView } from './trace-view.js'

function App({ served, documents, limits = {} }: PageData): JSX.Element {
  const [link, setLink] = useState(() => parseLink(location.hash))
  const [models, setModels] = useState(() => new Map(documents.map((document) => [document.traceId, readDocument(document)])))
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    const follow = (): void => setLink(parseLink(location.hash))
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])

  usePageKeys({ t: nextTheme })
  const [first, second] = documents
  const traceId = link.trace ?? first?.traceId
  const otherId = link.with ?? (second?.traceId === traceId ? first?.traceId : second?.traceId)
  useEffect(() => {
    if (!served) return
    for (const id of [traceId, otherId]) if (id !== undefined && !models.has(id)) void load(id)
  }, [traceId, otherId])

  const news = useNews(served && traceId !== undefined ? models.get(traceId) : undefined)

  function show(document: TraceDocument): void {
    const model = readDocument(document)
    setModels((known) => new Map(known).set(model.traceId, model))
  }

  async function load(id: string): Promise<void> {
    try {
      show(await ask<TraceDocument>(`trace/${encodeURIComponent(id)}`))
      setProblem(undefined)
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
    }
  }

  const go = (next: Link): void => {
    const isElsewhere = next.trace !== link.trace || next.view !== link.view
    // Walking through spans does not fill the history; changing the trace or the view is a step back.
    history[isElsewhere ? 'pushState' : 'replaceState'](null, '', formatLink(next))
    setLink(next)
  }
  if (traceId === undefined) return link.view === 'report' ? <ManyView limits={limits} /> : <ListView />
  const model = models.get(traceId)
  if (model === undefined) return <Empty>{problem ?? (served ? 'Reading the trace …' : 'This page does not hold that trace.')}</Empty>
  const other = otherId === undefined ? undefined : models.get(otherId)
  return (
    <TraceView key={traceId} {...{ model, other, link: { ...link, trace: traceId }, served, limits, news, onLink: go, onNews: show }} />
  )
}

async function readData(): Promise<PageData> {
  const packed = atob(document.getElementById(DATA_ELEMENT)?.textContent ?? '')
  const bytes = new Uint8Array(packed.length)
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i)
  const json = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return (await new Response(json).json()) as PageData
}

async function start(): Promise<void> {
  const data = await readData()
  const root = document.getElementById('app')
  if (root !== null) render(<App {...data} />, root)
}

void start()
