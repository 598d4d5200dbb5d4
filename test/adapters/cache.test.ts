import { correlationId, SpanlogError, withSpan } from 'spanlog'
import { compareTraces } from 'spanlog/analysis'
import { traceCache } from 'spanlog/cache'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, describe, expect, it } from 'vitest'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

const shown = () => telemetry.spans().map(({ name, attributes: { 'cache.hit': hit } }) => [name, hit])

/** A cache of the sort that loads what is missing, and calls its own methods. */
class Loading {
  private readonly values = new Map<string, unknown>()
  get(key: string): Promise<unknown> {
    return Promise.resolve(this.values.get(key))
  }
  set(key: string, value: unknown): void {
    this.values.set(key, value)
  }
  getMany(keys: string[]): unknown[] {
    return keys.map((key) => this.values.get(key))
  }
  wrap(key: string, load: () => unknown): unknown {
    if (!this.values.has(key)) this.set(key, load())
    return this.values.get(key)
  }
}

describe('traceCache in memory', () => {
  it('says of a Map whether it hit, and leaves it a Map', () => {
    const map = traceCache(new Map([['a', 1]]), { name: 'sessions' })
    expect([map.get('a'), map.get('b'), map.set('b', 2), map.size, map.delete('a')]).toEqual([1, undefined, expect.any(Map), 2, true])
    expect([...map]).toEqual([['b', 2]])
    expect(map).toBeInstanceOf(Map)
    expect(Object.keys(map)).toEqual([])
    expect(shown()).toEqual([
      ['get sessions', true],
      ['get sessions', false],
      ['set sessions', undefined],
      ['delete sessions', undefined],
    ])
    expect(telemetry.spans()[0]).toMatchObject({ kind: 'internal', attributes: { 'cache.name': 'sessions', 'cache.hit': true } })
  })

  it('says it of what comes by a promise, and of several keys', async () => {
    const cache = traceCache(new Loading())
    cache.set('a', 1)
    expect([await cache.get('a'), await cache.get('b'), cache.getMany(['a', 'b', 'c']), cache.getMany(['a'])]).toEqual([
      1,
      undefined,
      [1, undefined, undefined],
      [1],
    ])
    expect(shown().slice(1)).toEqual([
      ['get cache', true],
      ['get cache', false],
      ['getMany cache', false],
      ['getMany cache', true],
    ])
    expect(telemetry.spans()[3]?.attributes).toMatchObject({ 'cache.hits': 1, 'cache.misses': 2 })
  })

  it('says of what is loaded whether it was there, in one span, and loads inside of it', () => {
    const cache = traceCache(new Loading())
    const ids: unknown[] = []
    const load = () => withSpan('load', () => ids.push(correlationId()) && 7)
    withSpan('order', () => expect([cache.wrap('a', load), cache.wrap('a', load)]).toEqual([7, 7]))
    expect(shown()).toEqual([
      ['load', undefined],
      ['wrap cache', false],
      ['wrap cache', true],
      ['order', undefined],
    ])
    const [inner, outer] = telemetry.spans()
    expect(inner).toMatchObject({ traceId: ids[0], parentSpanId: outer?.spanId })
  })

  it('traces what a loader asks of the cache itself', () => {
    const cache = traceCache(new Loading())
    cache.wrap('a', () => cache.wrap('b', () => 1))
    expect(shown()).toEqual([
      ['wrap cache', false],
      ['wrap cache', false],
    ])
    expect(telemetry.spans()[0]?.parentSpanId).toBe(telemetry.spans()[1]?.spanId)
  })

  it.each([
    [
      'thrown',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejected', () => Promise.reject(new Error('boom'))],
  ])('records what is %s, and passes it on', async (_, get: () => unknown) => {
    const cache = traceCache({ get, set() {} })
    await expect((async () => cache.get())()).rejects.toThrow('boom')
    expect(telemetry.spans()).toEqual([
      expect.objectContaining({ status: { code: 'error', message: 'boom' }, events: [expect.objectContaining({ name: 'exception' })] }),
    ])
    expect(shown()).toEqual([['get cache', undefined]])
  })

  it('shows what it is told of a key, and nothing else', () => {
    const describeKey = (key: string) => (key === 'bad' ? (undefined as unknown as { key: string }).key : key.split(':')[0])
    const map = traceCache(new Map<unknown, unknown>(), { describeKey })
    for (const key of ['user:4711', 'bad', { id: 4711 }]) map.get(key)
    traceCache(new Map()).get('user:4711')
    expect(telemetry.spans().map(({ attributes }) => attributes['cache.key'])).toEqual(['user', undefined, undefined, undefined])
  })

  it('opens one span where it is traced twice', () => {
    traceCache(traceCache(new Map())).get('a')
    expect(telemetry.spans()).toHaveLength(1)
  })

  it('tells two traces apart by what they found in the cache', () => {
    const map = traceCache(new Map([['a', 1]]))
    const trace = (key: string) => {
      telemetry.reset()
      withSpan('order', () => map.get(key))
      const spans = telemetry.spans()
      return { traceId: spans[0]?.traceId ?? '', spans }
    }
    const { changes } = compareTraces(trace('a'), trace('b'))
    expect(changes.map(({ kind, name }) => [kind, name])).toContainEqual(['cache-missed', 'get cache'])
  })

  it.each([
    ['what is no cache', [{ get() {} }], /`client` to be a client of ioredis/],
    ['nothing', [null], /`client` to be a cache/],
    ['a misspelt option', [new Map(), { nam: 'x' }], /has no option `nam`/],
    ['an empty name', [new Map(), { name: '' }], /`name` to be a non-empty string/],
    ['a describeKey that is none', [new Map(), { describeKey: 'all' }], /`describeKey` to be a function/],
  ])('refuses %s', (_, args, message) => {
    expect(() => (traceCache as (...given: unknown[]) => unknown)(...args)).toThrow(SpanlogError)
    expect(() => (traceCache as (...given: unknown[]) => unknown)(...args)).toThrow(message)
  })
})
