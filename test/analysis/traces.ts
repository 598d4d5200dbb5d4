import fc from 'fast-check'
import type { SpanKindName, Trace, TraceSpan } from '../../src/traces/types.js'

export const traceId = '0af7651916cd43dd8448eb211c80319c'
/** The moment of column 0; a column is a nanosecond. */
export const epoch = 1_800_000_000_000_000_000n
export const idOf = (name: string) => Buffer.from(name.padEnd(8, '.')).toString('hex').slice(0, 16)

/** A span with defaults for whatever a test does not care about; times count from the epoch above. */
export function span(given: Partial<TraceSpan> & { start?: number; end?: number; parent?: string } = {}): TraceSpan {
  const { start = 0, end = 10, parent, ...rest } = given
  const name = given.name ?? 'root'
  return {
    traceId,
    spanId: idOf(name),
    ...(parent !== undefined && { parentSpanId: idOf(parent) }),
    name,
    service: 'shop',
    kind: 'internal',
    startUnixNano: epoch + BigInt(start),
    endUnixNano: epoch + BigInt(end),
    status: { code: 'unset' },
    attributes: {},
    resource: { 'service.name': given.service ?? 'shop' },
    events: [],
    links: [],
    ...rest,
  }
}

export function traceOf(...spans: TraceSpan[]): Trace {
  return { traceId: spans[0]?.traceId ?? traceId, spans }
}

/**
 * Reads a drawn trace: `name[<parent][:kind][@service][!]`, then the span from `|` to `|`, or to `<` for one that ends before its start;
 * a lone `|` has no length. `!` marks an error. Columns are nanoseconds.
 *
 * ```
 * root:server      |------|
 * db<root:client     |--|
 * ```
 */
export function drawn(picture: string): Trace {
  const lines = picture.split('\n').filter((line) => line.includes('|'))
  return traceOf(
    ...lines.map((line) => {
      const head = /^\s*([\w ]*\w)(?:<(\w+))?(?::(\w+))?(?:@(\w+))?(!)? /.exec(line)
      if (head === null) throw new Error(`cannot read ${line}`)
      const [, name = '', parent, kind = 'internal', service = 'shop', error] = head
      const first = line.indexOf('|')
      const last = line.lastIndexOf('|')
      const backwards = line.indexOf('~')
      return span({
        name,
        ...(parent !== undefined && { parent }),
        kind: kind as SpanKindName,
        service,
        start: backwards === -1 ? first : last,
        end: backwards === -1 ? last : backwards,
        status: { code: error === undefined ? 'unset' : 'error' },
      })
    }),
  )
}

const kinds: SpanKindName[] = ['internal', 'server', 'client', 'producer', 'consumer']

/** Any trace: parents missing, their own or each other's, spans outside their parents, backwards, of no length, with the IDs of others. */
export const anyTrace: fc.Arbitrary<Trace> = fc
  .array(
    fc.record({
      id: fc.nat(12),
      parent: fc.option(fc.nat(14), { nil: undefined, freq: 6 }),
      start: fc.nat(40),
      length: fc.integer({ min: -4, max: 30 }),
      kind: fc.constantFrom(...kinds),
      service: fc.constantFrom('shop', 'bank', 'mail'),
      name: fc.constantFrom('get', 'put', 'pay'),
      code: fc.constantFrom('unset' as const, 'ok' as const, 'error' as const),
    }),
    { maxLength: 25 },
  )
  .map((rows) => ({
    traceId,
    spans: rows.map(({ id, parent, start, length, code, ...rest }) =>
      span({
        ...rest,
        spanId: idOf(`s${id}`),
        ...(parent !== undefined && { parentSpanId: idOf(`s${parent}`) }),
        start,
        end: start + length,
        status: { code },
      }),
    ),
  }))

/** A trace as one clock and one thread would write it: children within their parents, one after another. */
export const tidyTrace: fc.Arbitrary<Trace> = fc
  .array(fc.record({ parent: fc.nat(), cut: fc.integer({ min: 1, max: 9 }) }), { maxLength: 30 })
  .map((rows) => {
    const spans = [span({ name: 's0', start: 0, end: 1_000_000_000 })]
    // What is left of each span, from its start, for the next child.
    const free = [{ from: 0, to: 1_000_000_000 }]
    for (const { parent, cut } of rows) {
      const index = parent % spans.length
      const room = free[index]!
      const width = Math.floor((room.to - room.from) / 10)
      const start = room.from + width
      const end = start + Math.floor((width * cut) / 2)
      room.from = end
      spans.push(span({ name: `s${spans.length}`, parent: spans[index]!.name, start, end }))
      free.push({ from: start, to: end })
    }
    return traceOf(...spans)
  })

/** Spans `s0` to `s<n-1>`, each within the one before. */
export function chain(n: number): Trace {
  const link = span()
  const id = (i: number) => `${i.toString(16).padStart(15, '0')}a`
  return traceOf(
    ...Array.from({ length: n }, (_, i): TraceSpan => {
      const startUnixNano = epoch + BigInt(i)
      const endUnixNano = epoch + BigInt(2 * n - i)
      return Object.assign(
        { ...link },
        { spanId: id(i), name: `s${i % 10}`, startUnixNano, endUnixNano },
        i > 0 && { parentSpanId: id(i - 1) },
      )
    }),
  )
}

/** Makes any write throw, however deep: what a pure function may be given. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
