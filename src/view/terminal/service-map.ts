import type { ServiceMap, ServiceNode } from '../../analysis/index.js'
import { count } from '../count.js'
import { msText, shareText } from './figures.js'
import { type DrawOptions, MIN_WIDTH, painter } from './style.js'
import { tableRows } from './table.js'
import { escapeText, wrap } from './text.js'

/**
 * Draws who calls whom: the calls as a list, each caller's below one another, then the services with what each contributes.
 *
 * ```
 * from     to        calls  failed    p50    p95  calls/s  a trace
 * gateway  orders      412   3.1 %  120ms  310ms      1.2        1
 * ```
 */
export function* drawServiceMap(map: ServiceMap, options: DrawOptions = {}): Generator<string> {
  const width = Math.max(MIN_WIDTH, options.width ?? 80)
  const paint = painter(options.color)
  const names = new Map(map.nodes.map((node) => [node.id, nameOf(node)]))
  const services = map.nodes.filter(({ type }) => type === 'service')
  yield paint(
    'bold',
    `${count(services.length, 'service')}, ${count(map.edges.length, 'connection')}, from ${count(map.traces, 'trace')} over ${msText(map.windowMs)}`,
  )
  yield ''
  const depth = new Map(map.nodes.map(({ id, type, minimumDepth }) => [id, type === 'caller' ? -1 : minimumDepth]))
  const edges = map.edges.toSorted(
    (a, b) => depth.get(a.from)! - depth.get(b.from)! || (a.from < b.from ? -1 : a.from > b.from ? 1 : b.calls - a.calls),
  )
  const [head = '', ...rows] = tableRows(
    [
      { title: 'from', text: true },
      { title: 'to', text: true },
      ...['calls', 'failed', 'p50', 'p95', 'calls/s'].map((title) => ({ title })),
    ],
    edges.map((edge) => [
      names.get(edge.from) ?? edge.from,
      `${edge.type === 'message' ? '⇢ ' : '→ '}${names.get(edge.to) ?? edge.to}`,
      String(edge.calls),
      edge.errors === 0 ? '-' : shareText(edge.errorShare),
      msText(edge.latencyMs.p50),
      msText(edge.latencyMs.p95),
      String(Number(edge.perSecond.toPrecision(2))),
    ]),
    width,
    paint,
  )
  yield head
  for (const [i, row] of rows.entries()) yield paint(edges[i]!.errors > 0 ? 'red' : 'reset', row)

  yield ''
  const ranked = services.toSorted((a, b) => b.pathShare - a.pathShare)
  yield* tableRows(
    [{ title: 'service', text: true }, ...['of the time', 'calls', 'failed', 'depth', 'called by', 'calls to'].map((title) => ({ title }))],
    ranked.map((node) => [
      nameOf(node),
      shareText(node.pathShare),
      String(node.calls),
      node.errors === 0 ? '-' : shareText(node.errors / Math.max(1, node.calls)),
      node.minimumDepth === node.maximumDepth ? String(node.minimumDepth) : `${node.minimumDepth} to ${node.maximumDepth}`,
      String(node.fanIn),
      String(node.fanOut),
    ]),
    width,
    paint,
  )
  const remarks = [
    ...map.cycles.map((cycle) => `In a circle: ${cycle.map((id) => names.get(id) ?? id).join(', ')}`),
    ...map.edges
      .filter(({ callsPerTrace }) => callsPerTrace >= 10)
      .map(
        (edge) => `Chatty: ${names.get(edge.from)} calls ${names.get(edge.to)} ${Number(edge.callsPerTrace.toPrecision(2))} times a trace`,
      ),
    ...(map.unpaired > 0 ? [`${count(map.unpaired, 'call')} whose caller is in no trace: no arrow leads to them`] : []),
  ]
  if (remarks.length > 0) yield ''
  for (const remark of remarks) {
    const text = escapeText(remark)
    for (const [start, end] of wrap(text, width, width, 4).rows) yield paint('yellow', text.slice(start, end))
  }
}

function nameOf({ type, name }: ServiceNode): string {
  return type === 'service' ? name : `(${type === 'caller' ? name : `${type} ${name}`})`
}
