import fc from 'fast-check'
import { serviceMap, serviceMapToDot, serviceMapToMermaid } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { cyclesOf } from '../../src/analysis/strongly-connected.js'
import type { Trace } from '../../src/traces/types.js'
import { anyTrace, chain, deepFreeze, drawn, epoch, span, traceOf } from './traces.js'

const edges = (trace: Trace) =>
  serviceMap(deepFreeze(trace)).edges.map(
    ({ from, to, type, calls, errors }) => `${from} ${type === 'call' ? '->' : '~>'} ${to} ${calls}/${errors}`,
  )

describe('serviceMap draws', () => {
  it.each<[string, Trace, string[]]>([
    [
      'a client with its server as one call, and the caller of the trace',
      drawn(`
      root:server@shop           |---------|
      call<root:client@shop        |-----|
      pay<call:server@bank           |--|`),
      ['caller:outside -> shop 1/0', 'shop -> bank 1/0'],
    ],
    [
      'a call within a service that calls itself',
      drawn(`
      root:server@shop           |---------|
      call<root:client@shop        |-----|
      pay<call:server@shop           |--|`),
      ['caller:outside -> shop 1/0', 'shop -> shop 1/0'],
    ],
    [
      'a server whose caller has no client span',
      drawn(`
      root:server@shop           |---------|
      pay<root:server@bank           |--|`),
      ['caller:outside -> shop 1/0', 'shop -> bank 1/0'],
    ],
    [
      'spans of another service of any kind',
      drawn(`
      root@shop           |---------|
      pay<root@bank           |--|`),
      ['shop -> bank 1/0'],
    ],
    [
      'a message',
      drawn(`
      root@shop                  |---------|
      send<root:producer@shop        |-|
      job<send:consumer@mail            |----|`),
      ['shop ~> mail 1/0'],
    ],
    [
      'a call that failed on either side, once',
      drawn(`
      root:server@shop           |---------|
      call<root:client@shop!       |-----|
      pay<call:server@bank           |--|
      again<root:client@shop!            |-|
      pay<again:server@bank!             |`),
      ['shop -> bank 2/2', 'caller:outside -> shop 1/0'],
    ],
    [
      'a message whose consumer failed, but not its sender',
      drawn(`
      root@shop                  |---------|
      send<root:producer@shop!       |-|
      job<send:consumer@mail            |----|`),
      ['shop ~> mail 1/0'],
    ],
    [
      'nothing within a service',
      drawn(`
      root@shop           |---------|
      work<root@shop        |--|`),
      [],
    ],
    [
      'no edge to a server whose caller is missing',
      drawn(`
      root<gone:server@shop           |---------|`),
      [],
    ],
  ])('%s', (_, trace, expected) => {
    expect(edges(trace).toSorted()).toEqual(expected.toSorted())
  })

  it.each([
    ['the service that the client names', { 'peer.service': 'stripe', 'server.address': 'api.stripe.com' }, 'external:stripe'],
    ['the address', { 'server.address': 'api.stripe.com' }, 'external:api.stripe.com'],
    ['the host of the URL', { 'http.url': 'https://api.stripe.com:8443/v1?a=1' }, 'external:api.stripe.com:8443'],
    ['the database', { 'db.system.name': 'postgresql', 'db.namespace': 'shop', 'server.address': '10.0.0.1' }, 'database:postgresql/shop'],
    ['the service name of a database', { 'peer.service': 'orders-db', 'db.system.name': 'postgresql' }, 'database:orders-db'],
    ['the database by its older names', { 'db.system': 'redis' }, 'database:redis'],
    ['the destination', { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' }, 'messaging:kafka/orders'],
  ])('a virtual node for a peer that nobody answers for: %s', (_, attributes, id) => {
    const map = serviceMap(traceOf(span(), span({ name: 'call', parent: 'root', kind: 'client', attributes })))
    expect(map.edges).toMatchObject([{ from: 'shop', to: id, calls: 1 }])
    expect(map.nodes.find((node) => node.id === id)).toMatchObject({ spans: 0, calls: 1, minimumDepth: 1, fanIn: 1, fanOut: 0 })
  })

  it('no node for a peer that nobody names', () => {
    expect(
      serviceMap(traceOf(span(), span({ name: 'call', parent: 'root', kind: 'client', attributes: { 'http.url': '/relative' } }))).edges,
    ).toEqual([])
  })
})

describe('serviceMap tells', () => {
  const ms = 1e6
  const request = (n: number, fails: boolean) => {
    const at = (from: number, to: number) => ({
      start: (n * 1000 + from) * ms,
      end: (n * 1000 + to) * ms,
      traceId: String(n).padStart(32, '0'),
    })
    return traceOf(
      span({ ...at(0, 100), kind: 'server' }),
      span({ ...at(10, 90), name: 'call', parent: 'root', kind: 'client' }),
      span({
        ...at(20, 20 + 10 * n),
        name: 'pay',
        parent: 'call',
        kind: 'server',
        service: 'bank',
        status: { code: fails ? 'error' : 'unset' },
      }),
      span({ ...at(91, 99), name: 'callback', parent: 'root', kind: 'server', service: 'bank' }),
    )
  }
  const map = serviceMap(
    [1, 2, 3, 4].map((n) => request(n, n === 4)),
    { windowMs: 2000 },
  )

  it('rates over the window given, error shares, calls for each trace and latency as the caller saw it', () => {
    expect(map.edges.find(({ from }) => from === 'shop')).toEqual({
      from: 'shop',
      to: 'bank',
      type: 'call',
      calls: 8,
      errors: 1,
      errorShare: 0.125,
      perSecond: 4,
      callsPerTrace: 2,
      latencyMs: { p50: 8, p95: 80, p99: 80, max: 80 },
    })
  })

  it('the extent of the spans where no window is given', () => {
    expect(serviceMap([request(1, false), request(3, false)]).windowMs).toBe(2100)
  })

  it('what each service contributes to the path', () => {
    const share = Object.fromEntries(map.nodes.map(({ id, pathShare, pathMs }) => [id, [Math.round(pathShare * 400), Math.round(pathMs)]]))
    // Of 400 ms: 10 + 20 + 30 + 40 in pay, 8 each in callback.
    expect(share).toMatchObject({ bank: [132, 132], shop: [268, 268], 'caller:outside': [0, 0] })
  })

  it('depth, fan-in and fan-out', () => {
    expect(map.nodes.find(({ id }) => id === 'bank')).toMatchObject({ minimumDepth: 1, maximumDepth: 1, fanIn: 1, fanOut: 0, spans: 8 })
    expect(map.nodes.find(({ id }) => id === 'shop')).toMatchObject({ minimumDepth: 0, maximumDepth: 0, fanIn: 1, fanOut: 1 })
  })

  it('circles of services', () => {
    const circle = drawn(`
      a:server@one           |---------|
      b<a:server@two          |-------|
      c<b:server@three         |-----|
      d<c:server@two             |--|`)
    expect(serviceMap(circle).cycles).toEqual([['three', 'two']])
    expect(serviceMap(circle).nodes.find(({ id }) => id === 'two')).toMatchObject({ minimumDepth: 1, maximumDepth: 3 })
  })
})

describe('serviceMap', () => {
  it('is plain JSON, its edges between its nodes, whatever the traces', () => {
    fc.assert(
      fc.property(fc.array(anyTrace, { maxLength: 3 }), (traces) => {
        const map = serviceMap(deepFreeze(traces))
        expect(JSON.parse(JSON.stringify(map))).toEqual(map)
        const ids = map.nodes.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        for (const { from, to } of map.edges) expect(ids).toEqual(expect.arrayContaining([from, to]))
        for (const { id, calls, type } of map.nodes) {
          const received = map.edges.filter(({ to }) => to === id).reduce((sum, edge) => sum + edge.calls, 0)
          if (type === 'service') expect(calls).toBeGreaterThanOrEqual(received)
          else expect(calls).toBe(received)
        }
        if (traces.some(({ spans }) => spans.length > 0))
          expect(map.nodes.reduce((sum, node) => sum + node.spans, 0)).toBe(traces.flatMap(({ spans }) => spans).length)
      }),
    )
  })

  it('is empty for no traces', () => {
    expect(serviceMap([])).toEqual({ traces: 0, windowMs: 0, nodes: [], edges: [], cycles: [], unpaired: 0 })
  })

  it('takes a chain of 100,000 spans', () => {
    const trace = chain(100_000)
    for (const [i, s] of trace.spans.entries()) s.service = i % 2 === 0 ? 'shop' : 'bank'
    expect(serviceMap(trace)).toMatchObject({ nodes: [{ maximumDepth: 99_999 }, { maximumDepth: 99_998 }], cycles: [['bank', 'shop']] })
  })

  it('refuses a window that is none', () => {
    expect(() => serviceMap([], { windowMs: 0 })).toThrow('Expected `windowMs` to be a positive number, got 0 (number)')
  })
})

describe('circles', () => {
  const graphOf = (links: [string, string][]) => {
    const graph = new Map<string, Set<string>>()
    for (const [a, b] of links) {
      if (!graph.has(b)) graph.set(b, new Set())
      graph.set(a, (graph.get(a) ?? new Set()).add(b))
    }
    return graph
  }

  it('are the groups that reach each other, found by trying each pair', () => {
    const node = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
    fc.assert(
      fc.property(fc.array(fc.tuple(node, node), { maxLength: 14 }), (links) => {
        const graph = graphOf(links)
        const reaches = (from: string, to: string) => {
          const seen = new Set<string>()
          const stack = [...(graph.get(from) ?? [])]
          for (let at = stack.pop(); at !== undefined; at = stack.pop()) if (!seen.has(at)) stack.push(...(seen.add(at) && graph.get(at)!))
          return seen.has(to)
        }
        const groups = new Set(
          [...graph.keys()]
            .filter((a) => reaches(a, a))
            .map((a) =>
              [...graph.keys()]
                .filter((b) => reaches(a, b) && reaches(b, a))
                .toSorted()
                .join(''),
            ),
        )
        expect(
          cyclesOf(graph)
            .map((group) => group.join(''))
            .toSorted(),
        ).toEqual([...groups].toSorted())
      }),
      { numRuns: 500 },
    )
  })

  it('are found in a ring of 100,000', () => {
    const ring = graphOf(Array.from({ length: 100_000 }, (_, i) => [String(i), String((i + 1) % 100_000)]))
    expect(cyclesOf(ring)).toMatchObject([{ length: 100_000 }])
  })
})

describe('the drawings', () => {
  const hostile = 'a"]; click n0 "javascript:x" %%\n--> \\N <b>'
  const map = serviceMap(
    traceOf(
      span({ kind: 'server', startUnixNano: epoch, endUnixNano: epoch + 5_000_000n }),
      span({
        name: 'db',
        parent: 'root',
        kind: 'client',
        attributes: { 'db.system': 'redis' },
        endUnixNano: epoch + 2_000_000n,
        status: { code: 'error' },
      }),
      span({ name: 'odd', parent: 'root', service: hostile, kind: 'consumer' }),
    ),
  )

  it('are a Mermaid flowchart in which no name can be more than text', () => {
    expect(serviceMapToMermaid(map)).toBe(`flowchart LR
  n0["shop"]
  n1["a#34;#93;#59; click n0 #34;javascript:x#34; #37;#37;#10;--#62; #92;N #60;b#62;"]
  n2[("redis")]
  n3(("outside"))
  n3 -->|"1 call, p95 5 ms"| n0
  n0 -.->|"1 call, p95 0.00001 ms"| n1
  n0 -->|"1 call, 1 failed, p95 2 ms"| n2
`)
  })

  it('are a DOT graph in which no name can be more than text', () => {
    const dot = serviceMapToDot(map)
    expect(dot).toContain('"shop" -> "database:redis" [label="1 call, 1 failed, p95 2 ms" color=red]')
    expect(dot).toContain(String.raw`[label="a\"]; click n0 \"javascript:x\" %% --> \\N <b>" shape=box]`)
    expect(dot).toContain('style=dashed')
  })

  it('shows what would act on a terminal by its number', () => {
    const drawing = serviceMap(traceOf(span({ service: 'a\u001b[2J\u202e\ud800\n\u007f注文' })))
    const dot = serviceMapToDot(drawing)
    expect(dot).toContain(String.raw`"a\\u001b[2J\\u202e\\ud800 \\u007f注文"`)
    expect((dot + serviceMapToMermaid(drawing)).replaceAll('\n', '')).not.toMatch(/[\p{Bidi_Control}\p{Cs}\p{Cc}]/u)
  })
})
