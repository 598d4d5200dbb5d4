import { setTimeout as sleep } from 'node:timers/promises'
import { context, DiagLogLevel, diag, type Span, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { correlationId, currentTrace, withSpan } from 'spanlog'
import { traceWinston } from 'spanlog/instrument'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import winston, { type Logform } from 'winston'

const { combine, json } = winston.format
// winston has the class under this name, its types under another.
const { Transport } = winston as unknown as { Transport: new (options?: { format?: Logform.Format }) => winston.transport }
const MESSAGE = Symbol.for('message')
const exporter = new InMemorySpanExporter()

beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register())
afterEach(() => {
  exporter.reset()
  diag.disable()
})
afterAll(() => {
  trace.disable()
  context.disable()
})

interface Written {
  request: number
  line: number
  trace_id: string
}

/** Takes a while over each line, so that the logger's streams fill up behind it. */
class SlowTransport extends Transport {
  readonly lines: Written[] = []

  override log(info: Record<symbol, string>, done: () => void): void {
    this.lines.push(JSON.parse(info[MESSAGE] ?? '') as Written)
    setTimeout(done, 1)
  }
}

/** The same, for whom winston hands over all that has piled up at once. */
class BatchTransport extends SlowTransport {
  largest = 0

  override logv(batch: { chunk: Record<symbol, string>; callback: () => void }[], done: () => void): void {
    this.largest = Math.max(this.largest, batch.length)
    for (const { chunk } of batch) this.lines.push(JSON.parse(chunk[MESSAGE] ?? '') as Written)
    setTimeout(done, 1)
  }
}

const requests = 20
const linesEach = 8

/** Twenty requests log at the same time; `late` counts the lines whose format ran in another trace, or in none. */
async function serve(
  transports: readonly winston.transport[],
  format: Logform.Format = json(),
): Promise<{ spans: Span[]; traceOf: (string | undefined)[]; late: number; drained: () => Promise<void>; end: () => void }> {
  let late = 0
  const look = winston.format((info) => {
    if (correlationId() !== info.trace_id) late++
    return info
  })
  const logger = traceWinston(winston.createLogger({ format: combine(look(), format), transports: [...transports] }))
  const tracer = trace.getTracer('test')
  const spans: Span[] = []
  const traceOf: (string | undefined)[] = []
  await Promise.all(
    Array.from({ length: requests }, async (_, request) => {
      const span = tracer.startSpan(`request ${request}`, { root: true })
      spans[request] = span
      await context.with(trace.setSpan(context.active(), span), async () => {
        traceOf[request] = currentTrace()?.traceId
        for (let line = 0; line < linesEach; line++) {
          logger.info('line', { request, line })
          if (line % 3 === 2) await sleep(1)
        }
      })
    }),
  )
  const count = () => Math.min(...transports.map((transport) => (transport as SlowTransport).lines.length))
  const drained = async () => {
    while (count() < requests * linesEach) await sleep(5)
  }
  return {
    spans,
    traceOf,
    get late() {
      return late
    },
    drained,
    end: () => {
      for (const span of spans) span.end()
    },
  }
}

describe('a winston logger behind a slow transport', () => {
  it.each([
    ['one line at a time', () => new SlowTransport()],
    ['in batches', () => new BatchTransport()],
    ['through a format of its own', () => new SlowTransport({ format: json() })],
  ])('writes each line with the trace that it was logged in, and mirrors it there: %s', async (_, make) => {
    const slow = make()
    const served = await serve([slow])
    await served.drained()
    served.end()

    expect(served.late).toBeGreaterThan(20)
    if (slow instanceof BatchTransport) expect(slow.largest).toBeGreaterThan(1)
    for (const { request, trace_id } of slow.lines) expect(trace_id).toBe(served.traceOf[request])
    for (const span of exporter.getFinishedSpans()) {
      const expected = Array.from({ length: linesEach }, (__, line) => ({ request: Number(span.name.slice(8)), line }))
      expect(span.events.map(({ attributes }) => ({ request: attributes?.request, line: attributes?.line }))).toEqual(expected)
    }
    expect(exporter.getFinishedSpans()).toHaveLength(requests)
  })

  it('mirrors nothing on a span that has ended in the meantime, without a fault, and loses no line', async () => {
    const complaints: unknown[] = []
    const complain = (...args: unknown[]) => complaints.push(args)
    diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, { logLevel: DiagLogLevel.WARN })
    const slow = new SlowTransport()
    const served = await serve([slow])
    served.end()
    await served.drained()

    expect(slow.lines).toHaveLength(requests * linesEach)
    expect(complaints).toEqual([])
    const events = exporter.getFinishedSpans().flatMap((span) => span.events)
    expect(events.length).toBeLessThan(requests * linesEach)
  })

  it('mirrors no field that a slow transport hides later than a fast one shows it', async () => {
    const hide = winston.format((info) => ({ ...info, line: 'hidden' }))
    const slow = new SlowTransport({ format: combine(hide(), json()) })
    const fast = new (class extends SlowTransport {
      override log(info: Record<symbol, string>, done: () => void): void {
        super.log(info, () => {})
        done()
      }
    })()
    const served = await serve([fast, slow])
    await served.drained()
    served.end()

    const events = exporter.getFinishedSpans().flatMap((span) => span.events)
    expect(events).toHaveLength(requests * linesEach)
    expect(events.filter(({ attributes }) => attributes !== undefined && 'line' in attributes)).toEqual([])
  })

  it('mirrors what a fast transport wrote without waiting for a slow one that hides nothing', async () => {
    const fast = new winston.transports.Stream({ stream: new (await import('node:stream')).PassThrough().resume() })
    const slow = new SlowTransport()
    const logger = traceWinston(winston.createLogger({ transports: [fast, slow] }))
    withSpan('request', () => {
      for (let line = 0; line < 10; line++) logger.info('line', { line })
    })
    expect(slow.lines).toHaveLength(1)
    expect(exporter.getFinishedSpans()[0]?.events).toHaveLength(10)
  })
})
