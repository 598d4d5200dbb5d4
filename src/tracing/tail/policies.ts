import type { AttributeValue, TraceState } from '@opentelemetry/api'
import { isLocalRoot } from '../../context/watch.js'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import type { EndedSpan } from '../processors/types.js'
import { checkPositive, checkRate } from '../sampling/checks.js'
import { Reservoir } from '../sampling/reservoir.js'
import { isKeptAt, type Threshold, thresholdOf } from '../sampling/threshold.js'

/** What may hold of a trace, of all of it that this process has seen. */
export type TailPolicy =
  /** A span has an error status, or the flight recorder wrote the trace's lines. */
  | 'errors'
  /** A span took longer. */
  | { slowerThanMs: number }
  /** A span has the attribute, and of it all that is given holds. */
  | AttributePolicy
  /** The local root, or one of them, has this name. */
  | { rootName: string | RegExp }
  /** So many spans, inclusive. */
  | { spans: { atLeast?: number; atMost?: number } }
  /** A share of the traces, by their IDs: as `probabilitySampler` keeps them, the same ones in each service. */
  | { probability: number }
  /** So many traces a second. Asked last, so that only what nothing else keeps counts. Not in `drop` nor in `not`. */
  | { perSecond: number }
  | { and: readonly TailPolicy[] }
  | { or: readonly TailPolicy[] }
  | { not: TailPolicy }

export interface AttributePolicy {
  attribute: string
  /** This value, or one of these. */
  equals?: string | number | boolean | readonly (string | number | boolean)[]
  /** A text, or one of a list of texts. */
  matches?: RegExp
  /** A number, inclusive. */
  atLeast?: number
  atMost?: number
}

/** What of a trace policies ask for. */
export interface SeenTrace {
  readonly traceId: string
  readonly traceState: TraceState | undefined
  readonly spans: readonly EndedSpan[]
  /** With those that are not among `spans` for want of room. */
  readonly spanCount: number
  readonly longestMs: number
  readonly failed: boolean
}

/** Whether it holds; where only by chance, the threshold. */
export type Evaluate = (trace: SeenTrace, nowMs: number) => Threshold | boolean

interface Policy {
  evaluate: Evaluate
  /** Asked in this order, so that chance is asked only for what is not certain, and nothing is counted that is kept anyway. */
  rank: 0 | 1 | 2
}

interface Allowed {
  mayLimit: boolean
}

/** One of several. @throws SpanlogError INVALID_OPTION, naming the policy */
export function policiesOf(at: string, policies: unknown, allowed: Allowed): Evaluate {
  return anyOf(listOf(at, policies, allowed)).evaluate
}

function listOf(at: string, policies: unknown, allowed: Allowed): Policy[] {
  if (!Array.isArray(policies)) throw unexpected(at, 'an array of policies', policies)
  return policies.map((policy: unknown, i) => policyOf(`${at}[${i}]`, policy, allowed)).toSorted((a, b) => a.rank - b.rank)
}

/** None at all would hold always, or never. */
function someOf(at: string, policies: unknown, allowed: Allowed): Policy[] {
  const list = listOf(at, policies, allowed)
  if (list.length === 0) throw unexpected(at, 'an array of one policy or more', policies)
  return list
}

function policyOf(at: string, policy: unknown, allowed: Allowed): Policy {
  if (policy === 'errors') return certain((trace) => trace.failed)
  if (typeof policy !== 'object' || policy === null) throw unexpected(at, "'errors' or an object", policy)
  const key = kinds.find((name) => Object.hasOwn(policy, name))
  if (key === undefined) throw unexpected(at, `'errors' or an object with one of ${kinds.join(', ')}`, policy)
  refuseUnknownOptions(at, policy, key === 'attribute' ? ['attribute', 'equals', 'matches', 'atLeast', 'atMost'] : [key])
  const value = (policy as Record<string, unknown>)[key]
  const name = `${at}.${key}`
  switch (key) {
    case 'slowerThanMs':
      checkPositive(name, value)
      return certain((trace) => trace.longestMs > (value as number))
    case 'attribute':
      return attributePolicy(at, policy as AttributePolicy)
    case 'rootName':
      return rootName(name, value)
    case 'spans':
      return spanCount(name, value)
    case 'probability':
      return probability(name, value)
    case 'perSecond':
      return perSecond(name, value, allowed)
    case 'and':
      return allOf(someOf(name, value, allowed))
    case 'or':
      return anyOf(someOf(name, value, allowed))
    case 'not':
      return inverse(policyOf(name, value, { mayLimit: false }))
    default:
      return key satisfies never
  }
}

const kinds = ['slowerThanMs', 'attribute', 'rootName', 'spans', 'probability', 'perSecond', 'and', 'or', 'not'] as const

function certain(evaluate: (trace: SeenTrace) => boolean): Policy {
  return { evaluate, rank: 0 }
}

function anyOf(policies: readonly Policy[]): Policy {
  return {
    rank: rankOf(policies),
    evaluate(trace, nowMs) {
      let hit: Threshold | boolean = false
      for (const { evaluate, rank } of policies) {
        if (rank === 2 && hit !== false) return hit
        const one = evaluate(trace, nowMs)
        if (one === true) return true
        // Of several chances the greatest has kept it.
        if (one !== false && (hit === false || one.text < hit.text)) hit = one
      }
      return hit
    },
  }
}

function allOf(policies: readonly Policy[]): Policy {
  const rank = rankOf(policies)
  return {
    rank,
    evaluate(trace, nowMs) {
      let hit: Threshold | boolean = true
      for (const { evaluate } of policies) {
        const one = evaluate(trace, nowMs)
        if (one === false) return false
        if (one !== true && (hit === true || one.text > hit.text)) hit = one
      }
      // How many a limit leaves of a share, nobody can tell.
      return rank === 2 || hit
    },
  }
}

function inverse({ evaluate, rank }: Policy): Policy {
  return { rank, evaluate: (trace, nowMs) => evaluate(trace, nowMs) === false }
}

function rankOf(policies: readonly Policy[]): Policy['rank'] {
  return policies.at(-1)?.rank ?? 0
}

function probability(name: string, value: unknown): Policy {
  checkRate(name, value)
  if (value === 0) return certain(() => false)
  const threshold = thresholdOf(value as number)
  return { rank: 1, evaluate: ({ traceId, traceState }) => isKeptAt(threshold, traceId, traceState) && threshold }
}

function perSecond(name: string, value: unknown, { mayLimit }: Allowed): Policy {
  checkPositive(name, value)
  if (!mayLimit) throw unexpected(name, 'left out of `drop` and `not`', value)
  const reservoir = new Reservoir(value as number)
  return { rank: 2, evaluate: (_, nowMs) => reservoir.take(nowMs) }
}

function rootName(name: string, wanted: unknown): Policy {
  if (!isText(wanted)) throw unexpected(name, 'a non-empty string or a regular expression', wanted)
  return certain(({ spans }) => spans.some((span) => isLocalRoot(span.parentSpanContext) && isMatch(wanted, span.name)))
}

function spanCount(name: string, value: unknown): Policy {
  const { atLeast, atMost } = rangeOf(name, value)
  if (atLeast === Number.NEGATIVE_INFINITY && atMost === Number.POSITIVE_INFINITY)
    throw unexpected(name, '{ atLeast, atMost }, or one of them', value)
  return certain((trace) => trace.spanCount >= atLeast && trace.spanCount <= atMost)
}

function attributePolicy(at: string, policy: AttributePolicy): Policy {
  const { attribute, equals, matches } = policy
  if (typeof attribute !== 'string' || attribute === '') throw unexpected(`${at}.attribute`, 'the name of an attribute', attribute)
  if (matches !== undefined && !(matches instanceof RegExp)) throw unexpected(`${at}.matches`, 'a regular expression', matches)
  const values = equals === undefined ? undefined : ([equals].flat() as unknown[])
  if (values?.length === 0 || values?.some((value) => !['string', 'boolean'].includes(typeof value) && !Number.isFinite(value)))
    throw unexpected(`${at}.equals`, 'a string, a number, a boolean, or an array of these', equals)
  const isRanged = policy.atLeast !== undefined || policy.atMost !== undefined
  const { atLeast, atMost } = rangeOf(at, { atLeast: policy.atLeast, atMost: policy.atMost })
  const isEqual = (value: unknown): boolean => values === undefined || values.includes(value)
  const fits = (value: unknown): boolean => matches === undefined || (typeof value === 'string' && isMatch(matches, value))
  const holds = (value: AttributeValue): boolean =>
    Array.isArray(value)
      ? value.some(isEqual) && value.some(fits) && !isRanged
      : isEqual(value) && fits(value) && (!isRanged || (typeof value === 'number' && value >= atLeast && value <= atMost))
  return certain(({ spans }) =>
    spans.some((span) => {
      const value = span.attributes[attribute]
      return value !== undefined && holds(value)
    }),
  )
}

function rangeOf(name: string, value: unknown): { atLeast: number; atMost: number } {
  if (typeof value !== 'object' || value === null) throw unexpected(name, '{ atLeast, atMost }', value)
  refuseUnknownOptions(name, value, ['atLeast', 'atMost'])
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = value as { atLeast?: unknown; atMost?: unknown }
  if (typeof atLeast !== 'number' || Number.isNaN(atLeast)) throw unexpected(`${name}.atLeast`, 'a number', atLeast)
  if (typeof atMost !== 'number' || Number.isNaN(atMost)) throw unexpected(`${name}.atMost`, 'a number', atMost)
  if (atLeast > atMost) throw unexpected(`${name}.atLeast`, `at most atMost (${atMost})`, atLeast)
  return { atLeast, atMost }
}

function isText(value: unknown): value is string | RegExp {
  return (typeof value === 'string' && value !== '') || value instanceof RegExp
}

function isMatch(wanted: string | RegExp, text: string): boolean {
  if (typeof wanted === 'string') return wanted === text
  // One with the flag `g` or `y` remembers where it stopped.
  wanted.lastIndex = 0
  return wanted.test(text)
}
