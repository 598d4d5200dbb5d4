import type { JSX } from 'preact'
import { type ServiceEdge, type ServiceMap, type ServiceNode, serviceMap } from '../../analysis/service-map.js'
import { count } from '../count.js'
import { escapeText } from '../terminal/text.js'
import type { ServiceInfo } from './model.js'
import { durationText, Empty, Outside, percent } from './text.js'

const box = { width: 190, height: 58, columnGap: 110, rowGap: 26, margin: 16 }

interface Placed {
  node: ServiceNode
  x: number
  y: number
}

/** Who calls whom, by columns of depth, and the same as a table. */
export function ServicesView({
  traces,
  services,
}: {
  traces: Parameters<typeof serviceMap>[0]
  services: Map<string, ServiceInfo>
}): JSX.Element {
  const map = serviceMap(traces)
  return map.nodes.length === 0 ? <Empty>No spans were found.</Empty> : <ServiceMapView map={map} services={services} />
}

export function ServiceMapView({ map, services }: { map: ServiceMap; services: Map<string, ServiceInfo> }): JSX.Element {
  const placed = layOut(map.nodes)
  const all = [...placed.values()]
  const width = Math.max(...all.map(({ x }) => x + box.width)) + box.margin
  const height = Math.max(...all.map(({ y }) => y + box.height)) + box.margin
  const hueOf = (name: string): number => services.get(name)?.hue ?? 250
  return (
    <div class="page-view">
      <div class="map">
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`Service map: ${count(map.nodes.length, 'node')}`}
        >
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {map.edges.map((edge) => (
            <Edge key={`${edge.from} ${edge.to} ${edge.type}`} edge={edge} from={placed.get(edge.from)} to={placed.get(edge.to)} />
          ))}
          {all.map(({ node, x, y }) => (
            <g key={node.id} transform={`translate(${x} ${y})`} class={`node ${node.type}`} style={{ '--hue': String(hueOf(node.name)) }}>
              <rect width={box.width} height={box.height} rx={7} />
              <rect class="stripe" width={4} height={box.height} rx={2} />
              <text x={14} y={23} class="title">
                {cut(node.name)}
              </text>
              <text x={14} y={43} class={node.errors > 0 ? 'failed' : 'note'}>
                {[
                  ...(node.type === 'caller' ? [] : [count(node.calls, 'call')]),
                  ...(node.errors > 0 ? [`${node.errors} failed`] : []),
                  ...(node.pathShare > 0 ? [percent(node.pathShare)] : []),
                ].join(' · ')}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <h2>Calls</h2>
      <table>
        <thead>
          <tr>
            <th>From</th>
            <th>To</th>
            <th class="number">Calls</th>
            <th class="number">Failed</th>
            <th class="number">Median</th>
            <th class="number">p95</th>
            <th class="number">Longest</th>
          </tr>
        </thead>
        <tbody>
          {map.edges.map((edge) => (
            <tr key={`${edge.from} ${edge.to} ${edge.type}`}>
              <td>
                <Outside text={edge.from.replace(/^caller:/, '')} />
              </td>
              <td>
                <Outside text={edge.to} /> {edge.type === 'message' && <small>message</small>}
              </td>
              <td class="number">{edge.calls}</td>
              <td class={`number ${edge.errors > 0 ? 'failed' : ''}`}>
                {edge.errors === 0 ? '' : `${edge.errors} (${percent(edge.errorShare)})`}
              </td>
              <td class="number">{durationText(edge.latencyMs.p50)}</td>
              <td class="number">{durationText(edge.latencyMs.p95)}</td>
              <td class="number">{durationText(edge.latencyMs.max)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {map.cycles.length > 0 && (
        <p class="hint">
          In circles: <Outside text={map.cycles.map((cycle) => cycle.join(' → ')).join('; ')} />
        </p>
      )}
      {map.unpaired > 0 && <p class="hint">{count(map.unpaired, 'call')} came from callers that are not in the trace.</p>}
    </div>
  )
}

/** A column for each depth; callers left, what they call right of them. */
function layOut(nodes: readonly ServiceNode[]): Map<string, Placed> {
  const depths = [...new Set(nodes.map(depthOf))].toSorted((a, b) => a - b)
  const columns = depths.map((depth) => nodes.filter((node) => depthOf(node) === depth))
  const tallest = Math.max(...columns.map(({ length }) => length))
  const step = box.height + box.rowGap
  const placed = new Map<string, Placed>()
  for (const [column, inColumn] of columns.entries()) {
    const top = box.margin + ((tallest - inColumn.length) * step) / 2
    for (const [row, node] of inColumn.entries()) {
      placed.set(node.id, { node, x: box.margin + column * (box.width + box.columnGap), y: top + row * step })
    }
  }
  return placed
}

function depthOf({ type, minimumDepth }: ServiceNode): number {
  return type === 'caller' ? -1 : minimumDepth
}

function Edge({ edge, from, to }: { edge: ServiceEdge; from: Placed | undefined; to: Placed | undefined }): JSX.Element | null {
  if (from === undefined || to === undefined) return null
  const [x1, y1, x2, y2] = [from.x + box.width, from.y + box.height / 2, to.x, to.y + box.height / 2]
  const middle = (x1 + x2) / 2
  // What calls back, or itself, goes round below.
  const line =
    x2 > x1
      ? `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 2} ${y2}`
      : `M${from.x + 60} ${from.y + box.height}C${from.x + 60} ${from.y + box.height + 40} ${to.x + 130} ${to.y + box.height + 40} ${to.x + 130} ${to.y + box.height + 2}`
  const text = `${edge.calls > 1 ? `${edge.calls}× ` : ''}${durationText(edge.latencyMs.p50)}`
  const classes = ['edge', edge.type, edge.errors > 0 && 'failed'].filter(Boolean).join(' ')
  return (
    <g class={classes}>
      <path d={line} marker-end="url(#arrow)" />
      {x2 > x1 && (
        <text x={middle} y={(y1 + y2) / 2 - 6} text-anchor="middle">
          {text}
        </text>
      )}
    </g>
  )
}

function cut(name: string): string {
  const text = escapeText(name)
  return text.length > 24 ? `${text.slice(0, 23)}…` : text
}
