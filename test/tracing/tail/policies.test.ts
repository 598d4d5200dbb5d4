import { describe, expect, it } from 'vitest'
import type { TailPolicy } from '../../../src/tracing/tail/policies.js'
import { policiesOf } from '../../../src/tracing/tail/policies.js'
import { TraceInWait } from '../../../src/tracing/tail/trace-in-wait.js'
import { type Made, span } from './spans.js'

function traceOf(spans: readonly Made[], traceId = `${'0'.repeat(18)}c0000000000000`): TraceInWait {
  const trace = new TraceInWait(traceId, undefined, 0)
  for (const one of spans) {
    trace.spans.push(span({ traceId, parent: 'local', ...one }))
    trace.spanCount++
    trace.longestMs = Math.max(trace.longestMs, one.ms ?? 1)
    trace.failed ||= one.error === true
  }
  return trace
}
const judge = (policies: readonly TailPolicy[], trace: TraceInWait) => policiesOf('keep', policies, { mayLimit: true })(trace, 0)

const checkout: Made[] = [
  { name: 'POST /orders', ms: 120, attributes: { 'http.response.status_code': 402, 'tenant.id': 'acme', paid: false } },
  { ms: 80, attributes: { tags: ['eu', 'gold'] } },
]

describe('a policy', () => {
  it.each<[what: string, policy: TailPolicy, holds: boolean, spans?: Made[]]>([
    ['errors: a span failed', 'errors', true, [{}, { error: true }]],
    ['errors: none did', 'errors', false],
    ['slower: the longest span is', { slowerThanMs: 119 }, true],
    ['slower: not one that took just as long', { slowerThanMs: 120 }, false],
    ['attribute: it is there', { attribute: 'tenant.id' }, true],
    ['attribute: it is not', { attribute: 'user.id' }, false],
    ['attribute: it is there and false', { attribute: 'paid' }, true],
    ['attribute: equal', { attribute: 'tenant.id', equals: 'acme' }, true],
    ['attribute: one of several', { attribute: 'tenant.id', equals: ['globex', 'acme'] }, true],
    ['attribute: equal by value, not by text', { attribute: 'http.response.status_code', equals: '402' }, false],
    ['attribute: a text fits', { attribute: 'tenant.id', matches: /^ac/g }, true],
    ['attribute: one of a list fits', { attribute: 'tags', matches: /^gold$/ }, true],
    ['attribute: a number fits no expression', { attribute: 'http.response.status_code', matches: /402/ }, false],
    ['attribute: in the range, both ends included', { attribute: 'http.response.status_code', atLeast: 402, atMost: 402 }, true],
    ['attribute: beyond the range', { attribute: 'http.response.status_code', atLeast: 500 }, false],
    ['attribute: a text is in no range', { attribute: 'tenant.id', atLeast: 0 }, false],
    ['attribute: all that is given must hold', { attribute: 'tenant.id', equals: 'acme', matches: /^x/ }, false],
    ['root: by name', { rootName: 'GET /health' }, true, [{ name: 'GET /health', parent: 'remote' }]],
    ['root: by expression, twice alike', { and: [{ rootName: /GET/g }, { rootName: /GET/g }] }, true, [{ name: 'GET', parent: 'remote' }]],
    ['root: not the name of a child', { rootName: 'POST /orders' }, false],
    ['spans: as many', { spans: { atLeast: 2, atMost: 2 } }, true],
    ['spans: too few', { spans: { atLeast: 3 } }, false],
    ['spans: too many', { spans: { atMost: 1 } }, false],
    ['a probability of 0', { probability: 0 }, false],
    ['a probability that the ID does not meet', { probability: 0.2 }, false],
    ['and: all hold', { and: [{ slowerThanMs: 100 }, { attribute: 'tenant.id' }] }, true],
    ['and: one does not', { and: [{ slowerThanMs: 100 }, 'errors'] }, false],
    ['or: one holds', { or: ['errors', { slowerThanMs: 100 }] }, true],
    ['or: none does', { or: ['errors', { slowerThanMs: 200 }] }, false],
    ['not', { not: 'errors' }, true],
    ['not a probability', { not: { probability: 1 } }, false],
  ])('%s', (_what, policy, holds, spans = checkout) => {
    expect(judge([policy], traceOf(spans))).toBe(holds)
  })

  // The ID is kept from 25 % on: its randomness is c0000000000000.
  it.each<[what: string, policies: TailPolicy[], threshold: string | boolean]>([
    ['a share', [{ probability: 0.25 }], 'c'],
    ['of several shares the greatest', [{ probability: 0.25 }, { probability: 0.5 }], '8'],
    ['of shares that must all hold the smallest', [{ and: [{ probability: 0.5 }, { probability: 0.25 }] }], 'c'],
    ['a share of what is certain', [{ and: [{ probability: 0.5 }, { slowerThanMs: 100 }] }], '8'],
    ['what is certain needs no chance', [{ probability: 0.5 }, { slowerThanMs: 100 }], true],
    ['how many a limit leaves is not known', [{ and: [{ probability: 0.5 }, { perSecond: 5 }] }], true],
  ])('tells with which threshold it holds: %s', (_what, policies, threshold) => {
    const hit = judge(policies, traceOf(checkout))
    expect(typeof hit === 'object' ? hit.text : hit).toBe(threshold)
  })

  it('a limit counts only what nothing else keeps, wherever it stands', () => {
    const evaluate = policiesOf(
      'keep',
      [{ perSecond: 1 }, 'errors', { and: [{ perSecond: 1 }, { slowerThanMs: 100 }] }, { probability: 0.5 }],
      {
        mayLimit: true,
      },
    )
    const failed = traceOf([{ error: true }])
    const unlucky = (ms: number) => traceOf([{ ms }], '0'.repeat(32))
    const lucky = traceOf([{}])
    expect(
      [failed, lucky, failed, unlucky(1), unlucky(1), unlucky(200), unlucky(200)].map((trace) => evaluate(trace, 0) !== false),
    ).toEqual([true, true, true, true, false, true, false])
    expect(evaluate(unlucky(1), 1_000)).toBe(true)
  })
})

describe('a wrong policy is refused:', () => {
  it.each<[what: string, policies: unknown, message: RegExp]>([
    ['no list', 'errors', /keep.*array/],
    ['an unknown word', ['error'], /keep\[0\].*errors/],
    ['an unknown kind', [{ slower: 5 }], /keep\[0\].*slowerThanMs/],
    ['two kinds in one', [{ slowerThanMs: 5, probability: 1 }], /keep\[0\].*probability/],
    ['per cent', ['errors', { probability: 10 }], /keep\[1\]\.probability.*0 to 1/],
    ['deep inside', [{ and: [{ not: { attribute: '' } }] }], /keep\[0\]\.and\[0\]\.not\.attribute/],
    ['a text for an expression', [{ attribute: 'a', matches: 'x' }], /matches.*regular expression/],
    ['a date for a value', [{ attribute: 'a', equals: new Date() }], /equals.*string/],
    ['a text in a range', [{ spans: { atLeast: '5' } }], /atLeast.*number/],
    ['a limit under not', [{ not: { perSecond: 5 } }], /perSecond.*left out/],
  ])('%s', (_what, policies, message) => {
    expect(() => policiesOf('keep', policies, { mayLimit: true })).toThrow(message)
  })

  it('a limit in drop', () => {
    expect(() => policiesOf('drop', [{ or: [{ perSecond: 5 }] }], { mayLimit: false })).toThrow(/drop\[0\]\.or\[0\]\.perSecond/)
  })
})
