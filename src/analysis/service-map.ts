import { refuseUnknownOptions } from '../errors.js'
import { pathsOf } from './critical-path.js'
import { isFailed } from './failure.js'
import { positive } from './options.js'
import { type PeerType, peerOf } from './peer.js'
import { keyOf } from './span-ref.js'
import { ascending, msOf, percentile } from './statistics.js'
import { cyclesOf } from './strongly-connected.js'
import { listOf, type Traces } from './traces-given.js'
import { buildTree, durationOf, earlier, later, type SpanNode, type SpanTree } from './tree.js'

export interface ServiceMap {
  traces: number
  /** From the first start to the last end of all spans, unless it was given. Rates are over this time. */
  windowMs: number
  /** By the calls that they received, most first. */
  nodes: ServiceNode[]
  /** Most calls first. */
  edges: ServiceEdge[]
  /** Groups of services that call each other in a circle; a service that calls itself is one by itself. */
  cycles: string[][]
  /** Server and consumer spans whose caller is not in the trace. They count as received, but no edge leads to them. */
  unpaired: number
}

export interface ServiceNode {
  /** Unique in the map: the name, for a peer after its type: `database:postgresql/shop`. */
  id: string
  name: string
  /** `caller`: whoever sent the requests that begin traces. All but `service` are virtual: known only by those that call them. */
  type: 'service' | 'caller' | PeerType
  /** Calls received, over all edges and from callers that are not in the trace. */
  calls: number
  errors: number
  spans: number
  /** Milliseconds of the traces' critical paths that it owns, and as a share of them all. */
  pathMs: number
  pathShare: number
  /** Calls between services from the beginning of a trace to here: 0 where traces begin; the least and the most. */
  minimumDepth: number
  maximumDepth: number
  /** Services and peers that call it, and that it calls. */
  fanIn: number
  fanOut: number
}

export interface ServiceEdge {
  /** IDs of nodes. */
  from: string
  to: string
  /** Messages are not waited for: what they start is not part of the caller's time. */
  type: 'call' | 'message'
  calls: number
  errors: number
  errorShare: number
  perSecond: number
  /** In each trace that uses it: many mean that the two are coupled by their chatter. */
  callsPerTrace: number
  /** As the caller saw it, where it has a span for the call; nearest rank. */
  latencyMs: { p50: number; p95: number; p99: number; max: number }
}

export interface ServiceMapOptions {
  /** The time that the traces are from, in milliseconds; needed for true rates, as a sample's own extent is shorter. */
  windowMs?: number | undefined
}

/**
 * Who calls whom, drawn from traces: calls, rates, error shares, latency, what each service contributes to the critical path, how deep
 * it stands, circles, and coupling.
 *
 * A call is a client or producer with the server or consumer below it, or a span whose parent is of another service. Where nobody
 * answers, the client's peer becomes a virtual node, and where a server or consumer begins the trace, `caller` calls it: the pairing and
 * the order of attributes are those of Tempo's service graph. All numbers are those of the traces given: of sampled traces, multiply.
 * O(n log n). The result is plain JSON; see also `serviceMapToMermaid`, `serviceMapToDot`.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * const map = serviceMap(traces)
 * for (const { from, to, calls, errorShare } of map.edges) console.log(`${from} → ${to}: ${calls} calls, ${errorShare * 100} % failed`)
 * ```
 */
export function serviceMap(traces: Traces, options: ServiceMapOptions = {}): ServiceMap {
  refuseUnknownOptions('serviceMap', options, ['windowMs'])
  const { windowMs } = options
  if (windowMs !== undefined) positive('windowMs', windowMs)
  const draft = new Draft()
  for (const trace of listOf(traces)) draft.add(buildTree(trace))
  return draft.finish(windowMs)
}

interface EdgeDraft {
  from: string
  to: string
  type: ServiceEdge['type']
  durationsMs: number[]
  errors: number
  traces: Set<SpanTree>
}
type NodeDraft = Omit<ServiceNode, 'fanIn' | 'fanOut' | 'pathShare'>

class Draft {
  readonly #nodes = new Map<string, NodeDraft>()
  readonly #edges = new Map<string, EdgeDraft>()
  #traces = 0
  #unpaired = 0
  #from: bigint | undefined
  #until = 0n

  add(tree: SpanTree): void {
    this.#traces++
    const depths = new Map<SpanNode, number>()
    const stack = tree.roots.toReversed()
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      this.#addSpan(node, tree, depths)
      for (const child of node.children) stack.push(child)
    }
    for (const { node, startUnixNano, endUnixNano } of pathsOf(tree)) {
      this.#node('service', node.span.service).pathMs += msOf(endUnixNano - startUnixNano)
    }
  }

  #addSpan(node: SpanNode, tree: SpanTree, depths: Map<SpanNode, number>): void {
    const { span, parent } = node
    this.#from = this.#from === undefined ? node.startUnixNano : earlier(this.#from, node.startUnixNano)
    this.#until = later(this.#until, node.endUnixNano)
    const here = this.#node('service', span.service)
    here.spans++

    const caller = callerOf(node)
    const depth = parent === undefined ? 0 : depths.get(parent)! + (caller === undefined ? 0 : 1)
    depths.set(node, depth)
    reach(here, depth)

    if (caller !== undefined) {
      const pair = caller.span.kind === 'client' || caller.span.kind === 'producer'
      const failed = isFailed(span) || (pair && span.kind !== 'consumer' && isFailed(caller.span))
      this.#call(this.#node('service', caller.span.service), here, node, failed, pair && span.kind !== 'consumer' ? caller : node, tree)
    } else if (isEntry(node)) {
      if (node.detached === undefined && parent === undefined)
        this.#call(this.#node('caller', 'outside'), here, node, isFailed(span), node, tree)
      else {
        this.#unpaired++
        receive(here, isFailed(span))
      }
    }
    if (isUnanswered(node)) {
      const peer = peerOf(span)
      if (peer === undefined) return
      const there = this.#node(peer.type, peer.name)
      reach(there, depth + 1)
      this.#call(here, there, node, isFailed(span), node, tree)
    }
  }

  #call(from: NodeDraft, to: NodeDraft, callee: SpanNode, failed: boolean, timed: SpanNode, tree: SpanTree): void {
    receive(to, failed)
    const type = callee.span.kind === 'consumer' || callee.span.kind === 'producer' ? 'message' : 'call'
    const key = keyOf(from.id, to.id, type)
    let edge = this.#edges.get(key)
    if (edge === undefined) this.#edges.set(key, (edge = { from: from.id, to: to.id, type, durationsMs: [], errors: 0, traces: new Set() }))
    edge.durationsMs.push(msOf(durationOf(timed)))
    edge.traces.add(tree)
    if (failed) edge.errors++
  }

  #node(type: ServiceNode['type'], name: string): NodeDraft {
    const id = type === 'service' && !/^(?:service|caller|database|messaging|external):/.test(name) ? name : `${type}:${name}`
    let node = this.#nodes.get(id)
    if (node === undefined) {
      node = { id, name, type, calls: 0, errors: 0, spans: 0, pathMs: 0, minimumDepth: Number.POSITIVE_INFINITY, maximumDepth: 0 }
      if (type === 'caller') node.minimumDepth = 0
      this.#nodes.set(id, node)
    }
    return node
  }

  finish(givenMs: number | undefined): ServiceMap {
    const windowMs = givenMs ?? msOf(this.#until - (this.#from ?? this.#until))
    const out = new Map([...this.#nodes.keys()].map((id) => [id, new Set<string>()]))
    const into = new Map([...this.#nodes.keys()].map((id) => [id, new Set<string>()]))
    for (const { from, to } of this.#edges.values()) {
      out.get(from)!.add(to)
      into.get(to)!.add(from)
    }
    const pathMs = [...this.#nodes.values()].reduce((sum, node) => sum + node.pathMs, 0)
    const nodes = [...this.#nodes.values()].map((node): ServiceNode => {
      const pathShare = pathMs === 0 ? 0 : node.pathMs / pathMs
      return Object.assign(node, { pathShare, fanIn: into.get(node.id)!.size, fanOut: out.get(node.id)!.size })
    })
    return {
      traces: this.#traces,
      windowMs,
      nodes: nodes.toSorted((a, b) => b.calls - a.calls),
      edges: [...this.#edges.values()].map((edge) => finishEdge(edge, windowMs)).toSorted((a, b) => b.calls - a.calls),
      cycles: cyclesOf(out),
      unpaired: this.#unpaired,
    }
  }
}

function finishEdge({ from, to, type, durationsMs, errors, traces }: EdgeDraft, windowMs: number): ServiceEdge {
  const sorted = ascending(durationsMs)
  const calls = sorted.length
  return {
    from,
    to,
    type,
    calls,
    errors,
    errorShare: errors / calls,
    perSecond: windowMs === 0 ? 0 : (calls / windowMs) * 1000,
    callsPerTrace: calls / traces.size,
    latencyMs: { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99), max: sorted.at(-1)! },
  }
}

function isEntry({ span: { kind } }: SpanNode): boolean {
  return kind === 'server' || kind === 'consumer'
}

/** The span on the other side of the call that this one answers: its parent, if that calls or is of another service. */
function callerOf(node: SpanNode): SpanNode | undefined {
  const { parent } = node
  if (parent === undefined) return undefined
  const { kind } = parent.span
  const answers = isEntry(node) && (kind === 'client' || kind === 'producer')
  return answers || parent.span.service !== node.span.service ? parent : undefined
}

function isUnanswered({ span: { kind, service }, children }: SpanNode): boolean {
  if (kind !== 'client' && kind !== 'producer') return false
  return !children.some((child) => isEntry(child) || child.span.service !== service)
}

function receive(node: NodeDraft, failed: boolean): void {
  node.calls++
  if (failed) node.errors++
}

function reach(node: NodeDraft, depth: number): void {
  node.minimumDepth = Math.min(node.minimumDepth, depth)
  node.maximumDepth = Math.max(node.maximumDepth, depth)
}
