import type { Attributes } from '@opentelemetry/api'
import { isRecord } from '../../context/attributes.js'
import { kinds } from '../../context/span-options.js'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { checkFunction, checkRate, checkSamplerOrRate } from './checks.js'
import { Reservoir } from './reservoir.js'
import { type Choice, choiceOf, type SamplerOrRate, samplerOf, type TraceSampler, type TraceStart } from './sampler.js'

/** Which traces it is about, and how many of them are kept; all that is given must hold of the span that begins the trace. */
export interface SamplingRule {
  /** The name of the service, for rules that several services share. */
  service?: string | RegExp
  /** The span's name. */
  name?: string | RegExp
  kind?: keyof typeof kinds
  /** Attributes that the span is started with; what is set later no head sampler can see. */
  attributes?: Record<string, string | number | boolean | RegExp>
  /** The share to keep, 0 to 1, or another sampler. */
  rate: SamplerOrRate
  /** Keep so many a second before the rate is asked: what is rare is seen at least. @defaultValue 0 */
  perSecond?: number
}

export interface RuleSamplerOptions {
  /** The first that fits decides. */
  rules: readonly SamplingRule[]
  /** For what no rule fits. */
  fallback: SamplerOrRate
  /** The name of this service, which rules with a `service` need. @defaultValue OTEL_SERVICE_NAME */
  service?: string
  /** Milliseconds, from anywhere. @defaultValue Date.now */
  now?: () => number
}

/**
 * Samples by rules: none of the health checks, all of the payments, a few of the rest.
 *
 * @throws SpanlogError INVALID_OPTION, naming the rule
 * @example
 * ```ts
 * const sampler = ruleSampler({
 *   rules: [
 *     { attributes: { 'url.path': /^\/(?:health|ready)/ }, rate: 0 },
 *     { name: 'POST /payments', rate: 1 },
 *     { kind: 'server', rate: 0.05, perSecond: 1 },
 *   ],
 *   fallback: 0.01,
 * })
 * ```
 */
export function ruleSampler(options: RuleSamplerOptions): TraceSampler {
  refuseUnknownOptions('ruleSampler', options, ['rules', 'fallback', 'service', 'now'])
  const { rules, fallback, service = process.env['OTEL_SERVICE_NAME'], now = Date.now } = options
  if (!Array.isArray(rules)) throw unexpected('rules', 'an array', rules)
  for (const [i, rule] of rules.entries()) checkRule(`rules[${i}]`, rule as SamplingRule)
  checkSamplerOrRate('fallback', fallback)
  checkFunction('now', now)
  if (service !== undefined && (typeof service !== 'string' || service === '')) throw unexpected('service', 'a non-empty string', service)
  const named = rules.findIndex((rule: SamplingRule) => rule.service !== undefined)
  // Without a name none of them would ever fit, and nobody would be told.
  if (named !== -1 && service === undefined) throw unexpected('service', `given, since rules[${named}] asks for it`, service)
  const compiled = (rules as readonly SamplingRule[])
    .filter((rule) => rule.service === undefined || (service !== undefined && fits(rule.service, service)))
    .map((rule) => ({ rule, choice: choiceOf(rule.rate), reservoir: new Reservoir(rule.perSecond ?? 0) }))
  const last = choiceOf(fallback)

  return samplerOf(
    () => `rules(${rules.length})`,
    (start): Choice => {
      const hit = compiled.find(({ rule }) => holds(rule, start))
      if (hit === undefined) return last
      return hit.reservoir.take(now()) ? 'keep' : hit.choice
    },
  )
}

function checkRule(at: string, rule: SamplingRule): void {
  if (typeof rule !== 'object' || rule === null) throw unexpected(at, 'an object', rule)
  refuseUnknownOptions(at, rule, ['service', 'name', 'kind', 'attributes', 'rate', 'perSecond'])
  const { service, name, kind, attributes, rate, perSecond } = rule
  for (const [key, value] of Object.entries({ service, name })) {
    if (value !== undefined && (typeof value !== 'string' || value === '') && !(value instanceof RegExp))
      throw unexpected(`${at}.${key}`, 'a non-empty string or a regular expression', value)
  }
  if (kind !== undefined && !Object.hasOwn(kinds, kind)) throw unexpected(`${at}.kind`, `one of ${Object.keys(kinds).join(', ')}`, kind)
  if (attributes !== undefined && !isRecord(attributes)) throw unexpected(`${at}.attributes`, 'an object', attributes)
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (!['string', 'boolean'].includes(typeof value) && !Number.isFinite(value) && !(value instanceof RegExp))
      throw unexpected(`${at}.attributes['${key}']`, 'a string, a number, a boolean or a regular expression', value)
  }
  if (typeof rate === 'number') checkRate(`${at}.rate`, rate)
  else checkSamplerOrRate(`${at}.rate`, rate)
  if (perSecond !== undefined && !(Number.isFinite(perSecond) && perSecond >= 0))
    throw unexpected(`${at}.perSecond`, 'a number, 0 or more', perSecond)
}

function holds({ name, kind, attributes }: SamplingRule, start: TraceStart): boolean {
  return (
    (name === undefined || fits(name, start.name)) &&
    (kind === undefined || kinds[kind] === start.kind) &&
    (attributes === undefined || Object.entries(attributes).every(([key, value]) => fits(value, start.attributes[key])))
  )
}

function fits(wanted: string | number | boolean | RegExp, value: Attributes[string]): boolean {
  if (!(wanted instanceof RegExp)) return value === wanted
  // One with the flag `g` or `y` remembers where it stopped.
  wanted.lastIndex = 0
  return (typeof value === 'string' || typeof value === 'number') && wanted.test(String(value))
}
