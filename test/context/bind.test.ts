import { EventEmitter } from 'node:events'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { bindTrace, correlationId, withSpan } from 'spanlog'
import { describe, expect, it } from 'vitest'

describe('bindTrace', () => {
  const inTrace = <T>(fn: () => T) => withSpan('x', () => [correlationId(), fn()] as const)

  it('runs a function in its trace wherever it is called, with its `this`, arguments, result, name and length', () => {
    function add(this: { base: number }, a: number, b: number) {
      return [correlationId(), this.base + a + b]
    }
    const [id, bound] = inTrace(() => bindTrace(add))
    expect(bound.call({ base: 1 }, 2, 3)).toEqual([id, 6])
    expect([bound.name, bound.length]).toEqual(['add', 2])
  })

  it.each(['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const)(
    'runs the listeners that `%s` adds in the trace',
    (add) => {
      const emitter = new EventEmitter()
      const [id] = inTrace(() => bindTrace(emitter))
      const seen: unknown[] = []
      emitter[add]('x', (...args) => seen.push([correlationId(), ...args]))
      withSpan('elsewhere', () => emitter.emit('x', 1, 2))
      expect(seen).toEqual([[id, 1, 2]])
    },
  )

  it('leaves listeners removable, listed as the originals, and `once` to one call', () => {
    const emitter = bindTrace(new EventEmitter())
    const calls: string[] = []
    const listener = () => calls.push('on')
    const single = () => calls.push('once')
    emitter.on('x', listener).once('x', single).once('x', listener)
    expect(emitter.listeners('x')).toEqual([listener, single, listener])
    emitter.emit('x')
    emitter.emit('x')
    expect(calls).toEqual(['on', 'once', 'on', 'on'])
    emitter.off('x', listener)
    expect(emitter.listenerCount('x')).toBe(0)
    emitter.once('x', single).removeListener('x', single)
    expect(emitter.listenerCount('x')).toBe(0)
    emitter.on('x', listener).removeAllListeners()
    expect(emitter.listenerCount('x')).toBe(0)
  })

  it('leaves them so over an emitter that OpenTelemetry has bound', () => {
    const manager = new AsyncLocalStorageContextManager()
    const emitter = manager.bind(ROOT_CONTEXT, new EventEmitter())
    bindTrace(emitter)
    let calls = 0
    const listener = () => calls++
    emitter.on('x', listener).prependListener('x', listener).once('x', listener)
    emitter.emit('x')
    expect([calls, emitter.listenerCount('x')]).toEqual([3, 2])
    // As pino-http and node's streams do where the first of several events ends a request.
    emitter.removeListener('x', listener).off('x', listener)
    expect(emitter.listenerCount('x')).toBe(0)
  })

  it('bound again, takes the later trace for later listeners, and wraps nothing twice', () => {
    const emitter = new EventEmitter()
    const [first] = inTrace(() => bindTrace(emitter))
    const seen: unknown[] = []
    emitter.on('x', () => seen.push(correlationId()))
    const [second] = inTrace(() => bindTrace(emitter))
    emitter.once('x', () => seen.push(correlationId()))
    emitter.emit('x')
    emitter.emit('x')
    expect(seen).toEqual([first, second, first])
    for (let i = 0; i < 20_000; i++) bindTrace(emitter)
    emitter.on('x', () => {}).emit('x')
  })

  it('throws what the emitter throws for a listener that is no function', () => {
    expect(() => bindTrace(new EventEmitter()).on('x', 5 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  it('refuses anything else by name', () => {
    expect(() => bindTrace(5 as never)).toThrow(/`target` to be a function or an event emitter, got 5 \(number\)/)
  })
})
