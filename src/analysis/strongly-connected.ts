/** The groups of nodes that reach each other, and nodes that reach themselves: Tarjan's algorithm without recursion, linear. */
export function cyclesOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const isOpen = new Set<string>()
  const cycles: string[][] = []

  for (const start of edges.keys()) {
    if (order.has(start)) continue
    const path = [enter(start)]
    for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
      const { node, rest } = here
      const next = rest.next()
      if (next.done !== true) {
        const to = next.value
        if (!order.has(to)) path.push(enter(to))
        else if (isOpen.has(to)) low.set(node, Math.min(low.get(node)!, order.get(to)!))
        continue
      }
      path.pop()
      const above = path.at(-1)?.node
      if (above !== undefined) low.set(above, Math.min(low.get(above)!, low.get(node)!))
      if (low.get(node) === order.get(node)) close(node)
    }
  }
  return cycles

  function enter(node: string): { node: string; rest: Iterator<string> } {
    order.set(node, order.size)
    low.set(node, order.get(node)!)
    open.push(node)
    isOpen.add(node)
    return { node, rest: (edges.get(node) ?? new Set<string>()).values() }
  }

  function close(node: string): void {
    const group = open.splice(open.lastIndexOf(node))
    for (const member of group) isOpen.delete(member)
    if (group.length > 1 || edges.get(node)?.has(node) === true) cycles.push(group.toSorted())
  }
}
