import { readFile } from 'node:fs'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import { currentTrace, type EndSpan, withSpan } from 'spanlog'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const telemetry = recordTelemetry()
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())
const only = () => {
  const spans = telemetry.spans()
  expect(spans).toHaveLength(1)
  return spans[0]!
}
const exceptions = () => only().events.filter(({ name }) => name === 'exception')

describe('the status of a span', () => {
  it.each<[string, () => unknown, string]>([
    ['stays unset where all went well', () => withSpan('a', () => 1), 'unset'],
    ['stays as the user set it, ok', () => withSpan('a', (span) => void span.setStatus({ code: SpanStatusCode.OK })), 'ok'],
    [
      'stays ok where something is thrown afterwards',
      () =>
        withSpan('a', (span) => {
          span.setStatus({ code: SpanStatusCode.OK })
          throw new Error('late')
        }),
      'ok',
    ],
    [
      'is an error where something is thrown',
      () =>
        withSpan('a', () => {
          throw new Error('no')
        }),
      'error',
    ],
  ])('%s', (_, run, code) => {
    try {
      run()
    } catch {}
    expect(only().status.code).toBe(code)
  })
})

class NotFound extends Error {}

describe('expected errors set the status and are no exceptions', () => {
  it.each<[string, Parameters<typeof withSpan>[1], number]>([
    ['by class', { expectedErrors: [NotFound] }, 0],
    ['by a function', { expectedErrors: (error: unknown) => error instanceof NotFound }, 0],
    ['not those of another class', { expectedErrors: [TypeError] }, 1],
    [
      'not where the function fails itself',
      {
        expectedErrors: () => {
          throw new Error('broken predicate')
        },
      },
      1,
    ],
  ])('%s', (_, options, count) => {
    expect(() =>
      withSpan('a', options as object, () => {
        throw new NotFound('order 4711')
      }),
    ).toThrow(NotFound)
    expect(only().status).toEqual({ code: 'error', message: 'order 4711' })
    expect(exceptions()).toHaveLength(count)
  })
})

describe('an unexpected error is recorded whole', () => {
  it('with the stacks of its causes, and a circle of them ends', () => {
    const root = new TypeError('no address')
    const error = new Error('no connection', { cause: root })
    root.cause = error
    expect(() =>
      withSpan('a', () => {
        throw error
      }),
    ).toThrow(error)
    const stack = String(exceptions()[0]?.attributes['exception.stacktrace'])
    expect(stack).toContain('Error: no connection')
    expect(stack).toContain('Caused by: TypeError: no address')
    expect(stack.match(/Caused by/g)).toHaveLength(1)
  })
})

describe('links', () => {
  it('stand on the span', () => {
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    withSpan('a', { links: [{ context, attributes: { reason: 'retry' } }] }, () => undefined)
    expect(only().links).toEqual([{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes: { reason: 'retry' } }])
  })
})

describe('a generator', () => {
  const ids = (seen: (string | undefined)[]) =>
    withSpan('generate', function* () {
      seen.push(currentTrace()?.spanId)
      yield 1
      seen.push(currentTrace()?.spanId)
      yield 2
      return 3
    })

  it('runs inside its span, which ends when it does, and leaves its reader outside', () => {
    const seen: (string | undefined)[] = []
    const generator = ids(seen)
    expect(telemetry.spans()).toEqual([])
    const values = []
    for (const value of generator) {
      values.push(value)
      expect(currentTrace()).toBeUndefined()
    }
    expect(values).toEqual([1, 2])
    expect(seen).toEqual([only().spanId, only().spanId])
    expect(generator.next()).toEqual({ done: true, value: undefined })
  })

  it('that is left by break ends its span', () => {
    for (const _ of ids([])) break
    expect(only().status.code).toBe('unset')
  })

  it('that throws fails its span', () => {
    const generator = withSpan('generate', function* () {
      yield 1
      throw new Error('no more')
    })
    expect(() => [...generator]).toThrow('no more')
    expect(only().status).toEqual({ code: 'error', message: 'no more' })
  })

  it('takes what is sent and thrown into it', () => {
    const generator = withSpan('generate', function* (): Generator<string, string, string> {
      try {
        return yield 'question'
      } catch (error) {
        return `caught ${String(error)}`
      }
    })
    expect(generator.next('').value).toBe('question')
    expect(generator.throw('a stone')).toEqual({ done: true, value: 'caught a stone' })
    expect(only().status.code).toBe('unset')
  })

  it('that is asynchronous does the same across its awaits', async () => {
    const seen: (string | undefined)[] = []
    const generator = withSpan('generate', async function* () {
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(currentTrace()?.spanId)
      yield 1
      await Promise.resolve()
      seen.push(currentTrace()?.spanId)
      throw new Error('broken stream')
    })
    await expect(async () => {
      for await (const _ of generator) expect(currentTrace()).toBeUndefined()
    }).rejects.toThrow('broken stream')
    expect(seen).toEqual([only().spanId, only().spanId])
    expect(only().status.code).toBe('error')
  })
})

describe('a callback', () => {
  it('ends the span when it is called, after fn has returned', async () => {
    await new Promise<void>((resolve) => {
      withSpan('read file', (_span, end) =>
        readFile(import.meta.filename, (error) => {
          expect(telemetry.spans()).toEqual([])
          end(error)
          resolve()
        }),
      )
    })
    expect(only().status.code).toBe('unset')
  })

  it('that gets an error fails the span, and what it is called with later counts no more', () => {
    let end: EndSpan = () => undefined
    withSpan('work', (_span, given) => {
      end = given
    })
    end(new Error('refused'))
    end()
    end(new Error('again'))
    expect(only().status).toEqual({ code: 'error', message: 'refused' })
    expect(exceptions()).toHaveLength(1)
  })

  it('is not waited for where fn throws', () => {
    expect(() =>
      withSpan('work', (_span, _end) => {
        throw new Error('at once')
      }),
    ).toThrow('at once')
    expect(only().status.message).toBe('at once')
  })
})

describe('a span name', () => {
  const warn = vi.spyOn(process, 'emitWarning')
  beforeEach(() => void warn.mockReset().mockImplementation(() => undefined))
  afterAll(() => warn.mockRestore())
  const warnings = () => warn.mock.calls.map(([text]) => String(text))

  it.each<[string, string, RegExp | undefined]>([
    ['with a number is warned of', 'charge card 4711', /"charge card …" holds a number/],
    ['with a UUID is warned of', 'load 0af76519-16cd-43dd-8448-eb211c80319c', /"load …" holds an ID/],
    ['with a hex ID is warned of', 'find 0af7651916cd43dd', /holds an ID/],
    ['that is a URL is warned of', 'GET https://shop.example/x', /holds a URL/],
    ['with a query is warned of', 'GET /orders?id=7', /holds a URL/],
    ['with an address is warned of', 'mail to ada@example.com', /holds an address/],
    ['that says nothing is warned of', 'Process', /"Process" says nothing/],
    ['with a route is fine', 'GET /v2/orders/:id', undefined],
    ['with a version is fine', 'call sha256 of http2 1.25', undefined],
    ['of plain words is fine', 'charge card', undefined],
  ])('%s', (_, name, warning) => {
    withSpan(name, () => undefined)
    withSpan(name, () => undefined)
    expect(warnings()).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
  })

  it('is warned of once for all names of one form', () => {
    for (let i = 500; i < 520; i++) withSpan(`ship parcel ${i}`, () => undefined)
    expect(warnings()).toHaveLength(1)
  })
})

it('the tracer sees the span as active', () => {
  withSpan('a', (span) => expect(trace.getActiveSpan()).toBe(span))
})
