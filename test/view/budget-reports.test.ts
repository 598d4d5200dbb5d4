import type { BudgetReport } from 'spanlog/analysis'
import { describe, expect, it } from 'vitest'
import { budgetsAsJUnit, budgetsAsMarkdown, sentenceOf } from '../../src/view/budget-reports.js'

const operation = { service: 'shop', name: 'GET /', kind: 'server' as const }
const report: BudgetReport = {
  passed: false,
  traces: 3,
  results: [
    { ...operation, limit: 'p95Ms', outcome: 'broken', allowed: 300, actual: 412.34567, sample: 3, traceId: 'a'.repeat(32) },
    { limit: 'errorShare', outcome: 'no-data', allowed: 0.01, sample: 0, name: '<b>|"`\n\u0000' },
    { limit: 'qualityScore', outcome: 'kept', allowed: 0.9, actual: 0.95, sample: 3 },
  ],
}

describe('a report of budgets', () => {
  it('is a test case a limit in JUnit’s XML', () => {
    expect(budgetsAsJUnit(report)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="spanlog" tests="3" failures="2">
  <testsuite name="budgets" tests="3" failures="2">
    <testcase classname="shop" name="GET / (server): p95Ms">
      <failure type="broken" message="shop GET / (server): p95Ms is 412.3 ms, at most 300 ms allowed, of 3; see ${'a'.repeat(32)}"/>
    </testcase>
    <testcase classname="all services" name="&lt;b&gt;|&quot;\`&#10;\ufffd: errorShare">
      <failure type="no-data" message="&lt;b&gt;|&quot;\`&#10;\ufffd: no data for errorShare (0 calls)"/>
    </testcase>
    <testcase classname="all services" name="all traces: qualityScore"/>
  </testsuite>
</testsuites>
`)
  })

  it('is a table in Markdown, whose cells no name can leave', () => {
    expect(budgetsAsMarkdown(report)).toBe(`**Budgets broken**: 1 of 3 limits, over 3 traces.

| | service | operation | limit | actual | allowed | sample | trace |
| --- | --- | --- | --- | ---: | ---: | ---: | --- |
| **broken** | shop | GET / (server) | p95Ms | 412.3 ms | 300 ms | 3 | ${'a'.repeat(32)} |
| **no data** |  | &#60;b&#62;&#124;"&#96; \u0000 | errorShare |  | 1 % | 0 |  |
| kept |  | all traces | qualityScore | 0.95 | 0.9 | 3 |  |
`)
  })

  it('is a sentence a limit', () => {
    expect(report.results.map(sentenceOf)).toEqual([
      `shop GET / (server): p95Ms is 412.3 ms, at most 300 ms allowed, of 3; see ${'a'.repeat(32)}`,
      '<b>|"`\n\u0000: no data for errorShare (0 calls)',
      'all traces: qualityScore is 0.95, at least 0.9 allowed, of 3',
    ])
  })
})
