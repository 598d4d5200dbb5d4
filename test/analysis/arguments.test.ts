import * as analysis from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'

const takers: [string, (given: never) => unknown][] = [
  ['criticalPath', analysis.criticalPath],
  ['selfTimes', analysis.selfTimes],
  ['bottlenecks', analysis.bottlenecks],
  ['findPatterns', analysis.findPatterns],
  ['correctClockSkew', analysis.correctClockSkew],
  ['findErrors', analysis.findErrors],
  ['latencies', analysis.latencies],
  ['serviceMap', analysis.serviceMap],
  ['assessQuality', analysis.assessQuality],
  ['baselineOf', analysis.baselineOf],
  ['compareTraces', (given: never) => analysis.compareTraces([], given)],
  ['findAnomalies', (given: never) => analysis.findAnomalies(given, [])],
  ['checkBudgets', (given: never) => analysis.checkBudgets(given, { traces: { spans: 1 } })],
]
const wrong: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a text', '0af7651916cd43dd8448eb211c80319c'],
  ['what a source answers, with the trace inside', { trace: { traceId: '', spans: [] }, complete: true }],
]

describe('what is no trace', () => {
  it.each(takers)('is refused by %s, whatever it is', (_name, take) => {
    for (const [, given] of wrong) {
      expect(() => take(given as never)).toThrow(expect.objectContaining({ name: 'SpanlogError', code: 'INVALID_OPTION' }))
    }
  })

  it.each(
    takers.filter(([name]) => ['findErrors', 'latencies', 'serviceMap', 'assessQuality', 'findAnomalies', 'checkBudgets'].includes(name)),
  )('is refused by %s among others too', (_name, take) => {
    expect(() => take([{ traceId: '', spans: [] }, undefined] as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
