import { PassThrough } from 'node:stream'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { withSpan } from 'spanlog'
import { eventLogs } from 'spanlog/logs'
import pino from 'spanlog/pino'
import { memoryTraces } from 'spanlog/traces'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'

const recent = memoryTraces()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(recent)] })
trace.setGlobalTracerProvider(provider)
afterAll(() => trace.disable())
beforeEach(() => recent.reset())
const log = pino({ level: 'debug' }, new PassThrough().resume())
const logs = eventLogs(recent)

/** The clocks of two spans differ by up to a millisecond, as each begins at a whole one. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 3))

async function request(): Promise<string> {
  const traceId = await withSpan('serve', async (span) => {
    log.info({ orderId: 7 }, 'began')
    await aWhile()
    withSpan('charge', () => log.error(new TypeError('refused')))
    await aWhile()
    log.debug('below the level of the mirror')
    span.addEvent('no line')
    log.warn('ended')
    return span.spanContext().traceId
  })
  await provider.forceFlush()
  return traceId
}

describe('the lines of spans', () => {
  it('come in time order, each with its span, and are not taken for all there were', async () => {
    const traceId = await request()
    const { entries, verdict } = await logs.forTrace(traceId).collect()
    expect(entries.map(({ message, severity }) => [message, severity])).toEqual([
      ['began', { number: 9, text: 'info' }],
      ['refused', { number: 17, text: 'error' }],
      ['ended', { number: 13, text: 'warn' }],
    ])
    const { trace: whole } = await recent.trace(traceId)
    const spanOf = (name: string) => whole?.spans.find((span) => span.name === name)?.spanId
    expect(entries.map(({ spanId }) => spanId)).toEqual([spanOf('serve'), spanOf('charge'), spanOf('serve')])
    expect(entries[0]).toMatchObject({ traceId, fields: { orderId: 7 } })
    expect(JSON.parse(entries[0]!.line)).toMatchObject({ level: 'info', msg: 'began', trace_id: traceId, orderId: 7 })
    expect(verdict).toMatchObject({ complete: false, entries: 3, reasons: [{ code: 'EVENTS_ONLY' }] })
  })

  it.each<[string, object, string[]]>([
    ['a level', { level: 'warn' }, ['refused', 'ended']],
    ['a text', { text: 'egan' }, ['began']],
    ['a service that is another', { service: 'billing' }, []],
    ['a limit, the newest', { limit: 1 }, ['ended']],
    ['a window that is over', { to: '1h' }, []],
  ])('are found by %s', async (_, query, messages) => {
    await request()
    const { entries } = await logs.search(query).collect()
    expect(entries.map(({ message }) => message)).toEqual(messages)
  })

  it('are cut to the window that is asked for', async () => {
    const traceId = await request()
    const { entries } = await logs.forTrace(traceId).collect()
    const from = entries[1]!.timeUnixNano!
    const inside = await logs.forTrace(traceId, { from }).collect()
    expect(inside.entries.map(({ message }) => message)).toEqual(['refused', 'ended'])
  })

  it('are refused without a source', () => {
    expect(() => eventLogs({} as never)).toThrow(/`traces` to be a source of traces/)
  })
})
