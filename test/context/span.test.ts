import { SpanStatusCode } from '@opentelemetry/api'
import { configure, currentTrace, runWithTrace, SpanlogError, withSpan } from 'spanlog'
import { afterEach, describe, expect, it } from 'vitest'

describe('withSpan', () => {
  it('returns what the function returns, a promise as a promise', async () => {
    expect(withSpan('sync', () => 42)).toBe(42)
    await expect(withSpan('async', async () => 42)).resolves.toBe(42)
  })

  it('throws on exactly what the function throws', async () => {
    const error = new TypeError('no')
    const thrown = (fn: () => unknown) => {
      try {
        fn()
      } catch (caught) {
        return caught
      }
      return undefined
    }
    expect(
      thrown(() =>
        withSpan('sync', () => {
          throw error
        }),
      ),
    ).toBe(error)
    await expect(withSpan('async', () => Promise.reject(error))).rejects.toBe(error)
  })

  it('keeps its trace over await, and is over after it', async () => {
    await withSpan('async', async () => {
      const before = currentTrace()
      await new Promise((resolve) => setTimeout(resolve, 1))
      expect(currentTrace()).toEqual(before)
    })
    expect(currentTrace()).toBeUndefined()
  })

  it('runs without options, and ends the span of a promise-like whose `then` throws', () => {
    expect(withSpan('x', undefined, () => 42)).toBe(42)
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    const hostile = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('no')
      },
    })
    expect(() => withSpan('x', () => hostile)).toThrow('no')
    expect(currentTrace()).toBeUndefined()
  })

  it('takes a parent from elsewhere, and null begins a new trace', () => {
    withSpan('outer', () => {
      const outer = currentTrace()
      withSpan('inner', { parent: null }, () => expect(currentTrace()?.traceId).not.toBe(outer?.traceId))
      withSpan('inner', { parent: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } }, () =>
        expect(currentTrace()).toMatchObject({ traceId: 'a'.repeat(32), traceFlags: 1 }),
      )
    })
  })

  it.each([
    ['an empty name', () => withSpan('', () => 1), /`name` to be a non-empty string, got ""/],
    ['no function', () => withSpan('x', undefined as never), /`fn` to be a function, got undefined/],
    [
      'a kind that does not exist',
      () => withSpan('x', { kind: 'sever' as never }, () => 1),
      /`kind` to be one of internal, server.*got "sever"/,
    ],
    ['no function for runWithTrace', () => runWithTrace({}, 5 as never), /`fn` to be a function, got 5 \(number\)/],
  ])('refuses %s by name', (_, call, message) => {
    expect(call).toThrow(SpanlogError)
    expect(call).toThrow(message)
  })

  it('gives a span that takes every call although nothing records it', () => {
    withSpan('x', (span) => {
      expect(span.isRecording()).toBe(false)
      span.setAttribute('a', 1).addEvent('e').setStatus({ code: SpanStatusCode.ERROR }).recordException('x')
    })
  })
})

describe('configure', () => {
  afterEach(() => configure({ mirror: { level: 'info', limit: 64 }, untracedSampled: false }))

  it('sets the sampled flag of traces that begin without an SDK', () => {
    configure({ untracedSampled: true })
    expect(withSpan('x', () => currentTrace()?.traceFlags)).toBe(3)
  })

  it.each([
    ['a misspelt option', { mirorr: false }, /configure has no option `mirorr`, only mirror, untracedSampled/],
    ['a level that does not exist', { mirror: { level: 'loud' } }, /`mirror.level` to be a level such as .*got "loud"/],
    ['a limit that is no number', { mirror: { limit: 'ten' } }, /`mirror.limit` to be a whole number, 0 or more, got "ten" \(string\)/],
    ['a misspelt mirror option', { mirror: { levels: 'info' } }, /mirror has no option `levels`/],
    ['no object', 5, /`options` to be an object, got 5/],
    ['a flag that is no boolean', { untracedSampled: 'yes' }, /`untracedSampled` to be a boolean, got "yes"/],
  ])('refuses %s and changes nothing', (_, options, message) => {
    expect(() => configure(options as never)).toThrow(message)
    expect(withSpan('x', () => currentTrace()?.traceFlags)).toBe(2)
  })
})
