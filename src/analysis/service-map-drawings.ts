import type { ServiceEdge, ServiceMap, ServiceNode } from './service-map.js'

/**
 * The map as a Mermaid flowchart, which GitHub and most wikis draw. Databases are cylinders, brokers hexagons, peers beyond one's own
 * services stadiums; messages are dotted.
 *
 * @example
 * ```ts
 * await writeFile('map.md', '```mermaid\n' + serviceMapToMermaid(serviceMap(traces)) + '```\n')
 * ```
 */
export function serviceMapToMermaid(map: ServiceMap): string {
  const ids = new Map(map.nodes.map(({ id }, i) => [id, `n${i}`]))
  const lines = ['flowchart LR']
  for (const { id, type, name } of map.nodes) {
    const [open, close] = mermaidShapes[type]
    lines.push(`  ${ids.get(id)}${open}"${mermaidText(name)}"${close}`)
  }
  for (const edge of map.edges) {
    lines.push(`  ${ids.get(edge.from)} ${edge.type === 'message' ? '-.->' : '-->'}|"${mermaidText(labelOf(edge))}"| ${ids.get(edge.to)}`)
  }
  return `${lines.join('\n')}\n`
}

const mermaidShapes: Record<ServiceNode['type'], readonly [string, string]> = {
  service: ['[', ']'],
  caller: ['((', '))'],
  database: ['[(', ')]'],
  messaging: ['{{', '}}'],
  external: ['([', '])'],
}

/** Names come from outside: whatever could end the text, or be markup in it, becomes a character code. */
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/_-]/gu, (character) => `#${character.codePointAt(0)};`)
}

/**
 * The map in Graphviz's DOT language.
 *
 * @example
 * ```ts
 * await writeFile('map.dot', serviceMapToDot(serviceMap(traces))) // dot -Tsvg map.dot
 * ```
 */
export function serviceMapToDot(map: ServiceMap): string {
  const lines = ['digraph services {', '  rankdir=LR', '  node [shape=box]']
  for (const { id, type, name } of map.nodes) lines.push(`  ${dotText(id)} [label=${dotText(name)} shape=${dotShapes[type]}]`)
  for (const edge of map.edges) {
    const style = edge.type === 'message' ? ' style=dashed' : ''
    lines.push(
      `  ${dotText(edge.from)} -> ${dotText(edge.to)} [label=${dotText(labelOf(edge))}${style}${edge.errors > 0 ? ' color=red' : ''}]`,
    )
  }
  return `${[...lines, '}'].join('\n')}\n`
}

const dotShapes: Record<ServiceNode['type'], string> = {
  service: 'box',
  caller: 'circle',
  database: 'cylinder',
  messaging: 'hexagon',
  external: 'oval',
}

function dotText(text: string): string {
  // In DOT a backslash begins an escape such as \N; a line break may stand in a text, but not in ours.
  // Control characters and those that turn text round come from outside, and the text may be looked at on a terminal.
  return `"${text
    .replaceAll(/[\r\n]+/g, ' ')
    .replace(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/gu, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')}"`
}

function labelOf({ calls, errors, latencyMs }: ServiceEdge): string {
  const failed = errors === 0 ? '' : `, ${errors} failed`
  return `${calls} ${calls === 1 ? 'call' : 'calls'}${failed}, p95 ${Number(latencyMs.p95.toPrecision(3))} ms`
}
