import type { SpanContext } from '@opentelemetry/api'
import fc from 'fast-check'
import { configure, spanlogStats } from 'spanlog'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KeptLine } from '../../src/flight-recorder/kept.js'
import { recorder } from '../../src/flight-recorder/recorder.js'

let written: string[] = []
let lost: number[] = []
const source = { tellLost: (count: number) => lost.push(count) && written.push(`lost ${count}`) }

function line(text: string): KeptLine {
  return { source, bytes: Buffer.byteLength(text), write: () => written.push(text) }
}

let traces = 0
function newTrace(): SpanContext {
  return { traceId: (++traces).toString(16).padStart(32, '0'), spanId: 'b7ad6b7169203331', traceFlags: 1 }
}

function keep(trace: SpanContext, text: string): void {
  const record = recorder.find(trace)
  if (record === undefined) throw new Error('the recorder is off')
  if (record.passing) written.push(text)
  else recorder.keep(record, line(text))
}

beforeEach(() => {
  configure({ flightRecorder: { bytesPerTrace: 10, bytes: 30, traces: 3, maxAgeMs: 60_000, level: 'debug', trigger: 'error' } })
  written = []
  lost = []
})

afterEach(() => {
  vi.useRealTimers()
  configure({ flightRecorder: false })
})

describe('the flight recorder', () => {
  it.each<[string, string[], string[]]>([
    ['keeps lines in their order', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['keeps a line exactly as long as the cap', ['0123456789'], ['0123456789']],
    ['keeps lines that fill the cap exactly', ['01234', '56789'], ['01234', '56789']],
    ['lets the oldest go for one exactly as long as the cap, and tells of it', ['a', 'b', '0123456789'], ['lost 2', '0123456789']],
    ['lets a line go that is longer than the cap, and tells of it', ['0123456789!'], ['lost 1']],
    ['goes on after a line that is longer than the cap', ['a', '0123456789!', 'b'], ['lost 2', 'b']],
    ['counts bytes, not characters', ['äöü', 'ß€x'], ['lost 1', 'ß€x']],
    ['keeps a line of no bytes', ['', ''], ['', '']],
  ])('%s', (_, texts, expected) => {
    const trace = newTrace()
    for (const text of texts) keep(trace, text)
    expect(written).toEqual([])
    recorder.failed(trace)
    expect(written).toEqual(expected)
    expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 0, keptLines: 0, traces: 0 })
  })

  it('lets what comes after the failure pass, and writes nothing twice', () => {
    const trace = newTrace()
    keep(trace, 'a')
    recorder.failed(trace)
    keep(trace, 'b')
    recorder.failed(trace)
    expect(written).toEqual(['a', 'b'])
  })

  it('drops what was kept once the last of the roots has ended well', () => {
    const trace = newTrace()
    recorder.began(trace)
    recorder.began(trace)
    keep(trace, 'a')
    recorder.ended(trace)
    expect(spanlogStats().flightRecorder.keptLines).toBe(1)
    const { dropped } = spanlogStats().flightRecorder
    recorder.ended(trace)
    expect(spanlogStats().flightRecorder).toMatchObject({ keptLines: 0, traces: 0, dropped: dropped + 1 })
    recorder.failed(trace)
    expect(written).toEqual([])
  })

  it('lets what still runs after a failed root has ended pass', () => {
    const trace = newTrace()
    recorder.began(trace)
    recorder.failed(trace)
    recorder.ended(trace)
    keep(trace, 'straggler')
    expect(written).toEqual(['straggler'])
  })

  it('lets the lines of the oldest trace go for want of room in all, and tells of it in that trace', () => {
    const all = [newTrace(), newTrace(), newTrace()]
    for (const trace of all) for (const text of ['12345', '6789']) keep(trace, text)
    keep(all[2] as SpanContext, '!')
    expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 28, traces: 3 })
    configure({ flightRecorder: { bytes: 20 } })
    keep(all[1] as SpanContext, '!')
    expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 20, traces: 2 })
    for (const trace of all) recorder.failed(trace)
    expect(written).toEqual(['lost 2', '12345', '6789', '!', '12345', '6789', '!'])
  })

  it('lets the lines of the oldest trace go where there are too many, and tells of it in that trace', () => {
    const all = [newTrace(), newTrace(), newTrace(), newTrace()]
    for (const [i, trace] of all.entries()) keep(trace, String(i))
    expect(spanlogStats().flightRecorder.traces).toBe(3)
    for (const trace of all) recorder.failed(trace)
    expect(written).toEqual(['lost 1', '1', '2', '3'])
  })

  it('holds a bounded number of traces that have no lines', () => {
    for (let i = 0; i < 10_000; i++) recorder.began(newTrace())
    expect((recorder as unknown as { records: Map<string, unknown> }).records.size).toBeLessThanOrEqual(24)
  })

  it('drops what it kept of a trace that is not heard of any more, and of no other', () => {
    vi.useFakeTimers()
    const [silent, alive] = [newTrace(), newTrace()]
    keep(silent, 'old')
    for (let minute = 0; minute < 3; minute++) {
      keep(alive, String(minute))
      vi.advanceTimersByTime(40_000)
    }
    recorder.failed(silent)
    recorder.failed(alive)
    expect(written).toEqual(['0', '1', '2'])
  })

  it('drops all once it is turned off, and keeps nothing more', () => {
    const trace = newTrace()
    keep(trace, 'a')
    configure({ flightRecorder: false })
    expect(spanlogStats().flightRecorder).toMatchObject({ keptBytes: 0, keptLines: 0, traces: 0 })
    expect(recorder.find(trace)).toBeUndefined()
    recorder.failed(trace)
    expect(written).toEqual([])
  })

  it('writes the other lines where one cannot be written, and reports it', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const trace = newTrace()
    const record = recorder.find(trace)
    if (record === undefined) throw new Error('the recorder is off')
    recorder.keep(record, { ...line('bad'), write: () => { throw new Error('full disk') } }) // biome-ignore format: one line shows it
    keep(trace, 'good')
    recorder.failed(trace)
    expect(written).toEqual(['good'])
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('full disk'), expect.anything())
    warned.mockRestore()
  })

  it('forgets nothing, mixes nothing and exceeds nothing, whatever happens to many traces at once', () => {
    const operation = fc.record({
      trace: fc.nat(4),
      act: fc.constantFrom('keep', 'keep', 'keep', 'fail', 'end'),
      text: fc.string({ maxLength: 12, unit: 'binary' }),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        configure({ flightRecorder: false })
        configure({ flightRecorder: { bytesPerTrace: 10, bytes: 30, traces: 3 } })
        const model = new Model()
        const all = Array.from({ length: 5 }, newTrace)
        written = []
        for (const { trace, act, text } of operations) {
          const context = all[trace] as SpanContext
          const marked = `${trace}${text}`
          if (act === 'keep') keep(context, marked)
          else if (act === 'fail') recorder.failed(context)
          else recorder.ended(context)
          model[act](trace, marked)
          expect(written).toEqual(model.written)
          const { keptBytes, keptLines, traces: holding } = spanlogStats().flightRecorder
          expect({ keptBytes, keptLines, holding }).toEqual(model.figures)
          expect(keptBytes).toBeLessThanOrEqual(30)
        }
      }),
      { numRuns: 300 },
    )
  })
})

/** The recorder as one would describe it, slowly. */
class Model {
  written: string[] = []
  private readonly failed = new Set<number>()
  private readonly lost = new Map<number, number>()
  private lines: { trace: number; text: string }[] = []
  /** By the time of their first line. */
  private order: number[] = []

  keep(trace: number, text: string): void {
    if (this.failed.has(trace)) {
      this.written.push(text)
      return
    }
    if (!this.order.includes(trace)) this.order.push(trace)
    this.lines.push({ trace, text })
    while (bytesOf(this.of(trace)) > 10) this.lose(trace)
    while (bytesOf(this.lines) > 30 || this.order.length > 3) this.loseWhole()
  }

  fail(trace: number): void {
    if (this.failed.has(trace)) return
    this.failed.add(trace)
    const count = this.lost.get(trace) ?? 0
    if (count > 0) this.written.push(`lost ${count}`)
    this.written.push(...this.of(trace).map(({ text }) => text))
    this.remove(trace)
  }

  end(trace: number): void {
    if (this.failed.has(trace)) return
    this.remove(trace)
    this.lost.delete(trace)
  }

  get figures(): object {
    return { keptBytes: bytesOf(this.lines), keptLines: this.lines.length, holding: this.order.length }
  }

  private of(trace: number) {
    return this.lines.filter((one) => one.trace === trace)
  }

  private loseWhole(): void {
    const oldest = this.order[0] as number
    while (this.of(oldest).length > 0) this.lose(oldest)
  }

  private lose(trace: number): void {
    this.lines.splice(
      this.lines.findIndex((one) => one.trace === trace),
      1,
    )
    this.lost.set(trace, (this.lost.get(trace) ?? 0) + 1)
    if (this.of(trace).length === 0) this.order = this.order.filter((one) => one !== trace)
  }

  private remove(trace: number): void {
    this.lines = this.lines.filter((one) => one.trace !== trace)
    this.order = this.order.filter((one) => one !== trace)
  }
}

function bytesOf(lines: readonly { text: string }[]): number {
  return lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
}
