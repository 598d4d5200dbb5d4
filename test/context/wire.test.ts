import { type Carrier, correlationId, currentTrace, extractTrace, injectTrace, runWithTrace, withSpan } from 'spanlog'
import { describe, expect, it } from 'vitest'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-03`

describe('extractTrace', () => {
  it.each([
    ['a plain object', { traceparent }],
    ['a plain object in another case', { TraceParent: traceparent }],
    ['an object without a prototype', Object.assign(Object.create(null), { traceparent })],
    ['Headers', new Headers({ traceparent })],
    ['a Map', new Map([['Traceparent', traceparent]])],
    [
      'an array of pairs',
      [
        ['x', '1'],
        ['traceparent', traceparent],
      ] as const,
    ],
    ['a value in an array', { traceparent: [traceparent] }],
    ['a Buffer, as Kafka has it', { traceparent: Buffer.from(traceparent) }],
    [
      'a view into a larger Uint8Array',
      { traceparent: new Uint8Array(Buffer.from(`xx${traceparent}yy`)).subarray(2, 2 + traceparent.length) },
    ],
  ])('reads %s', (_, carrier) => {
    expect(extractTrace(carrier as Carrier)).toEqual({ traceId, spanId, traceFlags: 3, isRemote: true })
  })

  it.each([
    ['an empty object', {}],
    ['null', null],
    ['undefined', undefined],
    ['a string', 'traceparent'],
    ['two values under one name', { traceparent: [traceparent, traceparent] }],
    ['two names that differ in case only', { traceparent, Traceparent: traceparent }],
    [
      'two pairs',
      [
        ['traceparent', traceparent],
        ['traceparent', traceparent],
      ] as const,
    ],
    ['a number', { traceparent: 5 }],
    ['a malformed header', { traceparent: 'garbage' }],
    [
      'a getter that throws',
      Object.defineProperty({}, 'traceparent', {
        enumerable: true,
        get: () => {
          throw new Error('no')
        },
      }),
    ],
    ['an array of lines', ['traceparent: x']],
  ])('finds nothing in %s, and throws nothing', (_, carrier) => {
    expect(extractTrace(carrier as Carrier)).toBeUndefined()
  })

  it('reads tracestate beside it, and drops one that is illegal without losing the trace', () => {
    expect(extractTrace({ traceparent, tracestate: ['a=1', 'b=2'] })?.traceState?.serialize()).toBe('a=1,b=2')
    const dropped = extractTrace({ traceparent, tracestate: 'A=1' })
    expect(dropped?.traceId).toBe(traceId)
    expect(dropped?.traceState).toBeUndefined()
  })
})

describe('injectTrace', () => {
  const tracestate = 'a=1,b=2'
  const inTrace = <T>(fn: () => T) => runWithTrace({ traceparent, tracestate }, fn)

  it('writes into each kind of carrier and returns it', () => {
    inTrace(() => {
      expect(injectTrace()).toEqual({ traceparent, tracestate })
      const headers = new Headers({ accept: 'x' })
      expect(injectTrace(headers)).toBe(headers)
      expect(Object.fromEntries(headers)).toEqual({ accept: 'x', traceparent, tracestate })
      expect(injectTrace(new Map())).toEqual(
        new Map([
          ['traceparent', traceparent],
          ['tracestate', tracestate],
        ]),
      )
      expect(injectTrace([['accept', 'x']])).toEqual([
        ['accept', 'x'],
        ['traceparent', traceparent],
        ['tracestate', tracestate],
      ])
    })
  })

  it('replaces what stood there in any spelling, a stale tracestate too', () => {
    runWithTrace({ traceparent }, () => {
      expect(injectTrace({ Traceparent: 'old', TraceState: 'old=1' })).toEqual({ traceparent })
      expect(injectTrace(new Map([['TRACEPARENT', 'old']]))).toEqual(new Map([['traceparent', traceparent]]))
      expect(
        injectTrace([
          ['Traceparent', 'old'],
          ['tracestate', 'old=1'],
        ]),
      ).toEqual([['traceparent', traceparent]])
      expect(Object.fromEntries(injectTrace(new Headers({ tracestate: 'old=1' })))).toEqual({ traceparent })
    })
  })

  it('changes nothing outside a trace', () => {
    expect(injectTrace({ accept: 'x' })).toEqual({ accept: 'x' })
  })

  it('reports a frozen carrier instead of throwing', () => {
    inTrace(() => expect(injectTrace(Object.freeze({}))).toEqual({}))
  })
})

describe('without an SDK', () => {
  it('a trace begins with random, valid IDs, a new span ID for each span, and the random flag', () => {
    const [outer, inner, wire] = withSpan('outer', () => [currentTrace(), withSpan('inner', () => currentTrace()), injectTrace()] as const)
    expect(outer?.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
    expect(inner?.traceId).toBe(outer?.traceId)
    expect(inner?.spanId).not.toBe(outer?.spanId)
    expect(wire.traceparent).toBe(`00-${outer?.traceId}-${outer?.spanId}-02`)
    expect(correlationId()).toBeUndefined()
  })

  it('a trace goes on from a carrier: same trace, the caller as parent, flags and tracestate kept', () => {
    runWithTrace({ traceparent, tracestate: 'a=1' }, () => {
      expect(currentTrace()).toMatchObject({ traceId, spanId, isRemote: true })
      withSpan('work', () => {
        expect(correlationId()).toBe(traceId)
        expect(currentTrace()?.spanId).not.toBe(spanId)
        expect(injectTrace()).toEqual({ traceparent: `00-${traceId}-${currentTrace()?.spanId}-03`, tracestate: 'a=1' })
      })
    })
  })

  it.each([[{}], [{ traceparent: 'garbage' }], [null], [undefined]])(
    'a carrier like %j begins a new trace, inside another one too',
    (carrier) => {
      withSpan('around', () => {
        const around = correlationId()
        runWithTrace(carrier, () => {
          expect(correlationId()).toMatch(/^[0-9a-f]{32}$/)
          expect(correlationId()).not.toBe(around)
        })
        expect(correlationId()).toBe(around)
      })
    },
  )
})
