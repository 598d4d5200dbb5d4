import fc from 'fast-check'
import type { LogEntry } from 'spanlog/logs'
import type { TraceSpan } from 'spanlog/traces'
import { describe, expect, it } from 'vitest'
import { correctClockSkew } from '../../src/analysis/correct-clock-skew.js'
import { adjusted } from '../../src/view/adjust.js'
import { doubtsOf } from '../../src/view/doubts.js'
import { drawWaterfall } from '../../src/view/terminal/waterfall.js'
import { anyTrace } from '../analysis/traces.js'
import { line, span, t0, traceId } from './draw.js'

const client = { kind: 'client' } as const
const server = { kind: 'server' } as const
const call = [span('a', undefined, 'shop/GET /', 0, 100, server), span('b', 'a', 'shop/POST', 10, 90, client)]
/** The clock of `pay` is an hour ahead: it began at 20 and ended at 80. */
const ahead = [...call, span('c', 'b', 'pay/POST /pay', 3_600_020, 3_600_080, server), span('d', 'c', 'pay/query', 3_600_030, 3_600_070)]

describe('what a picture does not know', () => {
  it.each<[what: string, spans: TraceSpan[], doubts: string[]]>([
    ['of a whole trace nothing', call, []],
    [
      'that one span is missing which others name',
      [...call, span('c', 'x', 'pay/charge', 20, 30), span('d', 'x', 'pay/refund', 30, 40)],
      ['1 span that others name as their parent is missing: what it did is not shown.'],
    ],
    [
      'that two are',
      [...call, span('c', 'x', 'pay/charge', 20, 30), span('d', 'y', 'pay/refund', 30, 40)],
      ['2 spans that others name as their parent are missing: what they did is not shown.'],
    ],
    ['that it begins in the middle', [span('c', 'x', 'pay/charge', 20, 30)], ['The span that caused this is not in the trace.']],
    [
      'that a cycle was cut',
      [span('a', 'b', 'shop/one', 0, 9), span('b', 'a', 'shop/two', 1, 8)],
      ['1 cycle of spans that are each other’s ancestors was cut.'],
    ],
    ['which clock is ahead, and by how much', ahead, ['Clocks disagree: that of pay is some 1h 00m ahead of its caller’s.']],
    [
      'which is behind',
      [...call, span('c', 'b', 'pay/POST /pay', -40, 20, server)],
      ['Clocks disagree: that of pay is some 60.0ms behind its caller’s.'],
    ],
    ['nothing of an answer that outlived its call', [...call, span('c', 'b', 'pay/POST /pay', 50, 120, server)], []],
    ['nothing of a consumer long after', [...call, span('c', 'b', 'mail/send', 500, 600, { kind: 'consumer' })], []],
  ])('says %s', (_what, spans, doubts) => {
    const { gaps, skew } = doubtsOf({ traceId, spans })
    expect([...gaps, ...(skew === undefined ? [] : [skew])]).toEqual(doubts)
  })
})

describe('--adjust', () => {
  const draw = (spans: TraceSpan[], entries: LogEntry[], adjust: boolean) => [
    ...drawWaterfall({ traceId, trace: { traceId, spans }, entries }, { adjust }),
  ]

  it('is offered where clocks disagree, and draws what they did inside the call', () => {
    const entries = [line('a', 1, 'info', 'received'), line('d', 3_600_050, 'info', 'asking the bank')]
    const asTold = draw(ahead, entries, false).join('\n')
    expect(asTold).toContain('--adjust')
    expect(asTold).toMatch(/asking the bank +\+1h 00m/)
    const guessed = draw(ahead, entries, true)
    expect(guessed[0]).toContain('  100ms  4 spans')
    expect(guessed.join('\n')).not.toContain('Clocks disagree')
    expect(guessed.join('\n')).toMatch(/asking the bank +\+50.0ms/)
  })

  it('leaves a line alone that another clock than the span’s has timed', () => {
    expect(draw(ahead, [line('d', 50, 'info', 'asking the bank')], true).join('\n')).toMatch(/asking the bank +\+50.0ms/)
  })

  it('keeps each line and their order by time, whatever the trace; one without a time stays behind its predecessor', () => {
    const entry = fc.record({ at: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }), of: fc.nat() })
    fc.assert(
      fc.property(anyTrace, fc.array(entry), (trace, placed) => {
        const entries = placed.map(({ at, of }, i): LogEntry => {
          const { spanId = '' } = trace.spans[of % Math.max(1, trace.spans.length)] ?? {}
          return line(spanId, at, 'info', String(i))
        })
        const before = structuredClone({ trace, entries })
        const after = adjusted(trace, entries)
        expect(after.trace).toEqual(correctClockSkew(trace).trace)
        expect(new Set(after.entries.map(({ message }) => message))).toEqual(new Set(entries.map(({ message }) => message)))
        expect(after.entries).toHaveLength(entries.length)
        const times = after.entries.flatMap(({ timeUnixNano }) => timeUnixNano ?? [])
        expect(times).toEqual(times.toSorted((a, b) => Number(a - b)))
        expect({ trace, entries }).toEqual(before)
      }),
    )
  })

  it('changes nothing where clocks agree', () => {
    const entries = [line('a', 1, 'info', 'received', { timeUnixNano: t0 })]
    expect(draw(call, entries, true)).toEqual(draw(call, entries, false))
  })
})
