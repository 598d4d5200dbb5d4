import { type Attributes, type Context, propagation } from '@opentelemetry/api'
import { checkAttributes } from '../../context/attributes.js'
import { heldIn } from '../../context/holder.js'
import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { attributeOf } from '../../fields/context-fields.js'
import { type User, userAttributes } from '../../semantics/business.js'
import { guarded, observer } from './stage.js'
import type { StartedSpan, TraceProcessor } from './types.js'

/** What `enrichSpans` puts on each span. Functions run at the start of each span, with the context that it starts in: keep them cheap. */
export interface EnrichSpansOptions {
  /** Attributes of the resource to repeat on each span, for stores that search those of spans alone. @defaultValue none */
  resource?: readonly string[]
  /** The same for every span, or for each its own. */
  attributes?: Attributes | ((span: StartedSpan, context: Context) => Attributes | undefined)
  /** The state of feature flags, as `feature_flag.<name>`. */
  featureFlags?: (context: Context) => Attributes | undefined
  /** The group of an A/B test, as `app.ab_group`. */
  abGroup?: (context: Context) => string | undefined
  /** Who it is done for, as `user.id` and what else is given. */
  user?: (context: Context) => User | undefined
  /** Entries of the baggage, by their keys, which are the attributes' names. They come from outside: name no more than is needed. */
  baggage?: readonly string[]
  /** Fields of `withFields` and `addFields`, by their names, which are the attributes' names; those that were there at the start. */
  fields?: readonly string[]
}

/**
 * Puts on each span, as it starts, what the whole team searches by. What the span is started with wins.
 *
 * @throws SpanlogError INVALID_OPTION
 * @example
 * ```ts
 * enrichSpans({
 *   resource: ['service.version', 'service.instance.id', 'deployment.environment.name'],
 *   featureFlags: () => flags.current(),
 *   baggage: ['tenant.id'],
 * })
 * ```
 */
export function enrichSpans(options: EnrichSpansOptions): TraceProcessor {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('enrichSpans', options, ['resource', 'attributes', 'featureFlags', 'abGroup', 'user', 'baggage', 'fields'])
  const { resource = [], attributes, featureFlags, abGroup, user, baggage = [], fields = [] } = options
  for (const [name, value] of Object.entries({ resource, baggage, fields })) {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== ''))
      throw unexpected(name, 'an array of names', value)
  }
  for (const [name, value] of Object.entries({ featureFlags, abGroup, user })) {
    if (value !== undefined && typeof value !== 'function') throw unexpected(name, 'a function', value)
  }
  if (typeof attributes !== 'function') checkAttributes('attributes', attributes)

  // Only what is asked for, since each span goes through them.
  const makers: Make[] = [
    ...(attributes === undefined ? [] : [typeof attributes === 'function' ? attributes : () => attributes]),
    ...(resource.length === 0 ? [] : [(span: StartedSpan) => named(resource, (key) => span.resource.attributes[key])]),
    ...(featureFlags === undefined ? [] : [(_: StartedSpan, context: Context) => prefixed('feature_flag.', featureFlags(context))]),
    ...(abGroup === undefined ? [] : [(_: StartedSpan, context: Context) => ({ 'app.ab_group': abGroup(context) })]),
    ...(user === undefined ? [] : [(_: StartedSpan, context: Context) => whenGiven(user(context), userAttributes)]),
    ...(baggage.length === 0 ? [] : [(_: StartedSpan, context: Context) => baggageOf(context, baggage)]),
    ...(fields.length === 0 ? [] : [(_: StartedSpan, context: Context) => fieldsOf(context, fields)]),
  ]
  return observer('enrichSpans', {
    onStart(span, context) {
      for (const make of makers) {
        // One that throws costs nothing but what it would have added.
        const added = guarded('enrichSpans', undefined, () => make(span, context))
        for (const [key, value] of Object.entries(added ?? {})) {
          if (value !== undefined && !Object.hasOwn(span.attributes, key)) span.setAttribute(key, value)
        }
      }
    },
  })
}

type Make = (span: StartedSpan, context: Context) => Attributes | undefined

function named(keys: readonly string[], read: (key: string) => Attributes[string]): Attributes {
  return Object.fromEntries(keys.map((key) => [key, read(key)]))
}

function prefixed(prefix: string, given: Attributes = {}): Attributes {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [prefix + name, value]))
}

function whenGiven<T>(value: T | undefined, make: (value: T) => Attributes): Attributes | undefined {
  return value === undefined ? undefined : make(value)
}

function baggageOf(context: Context, keys: readonly string[]): Attributes | undefined {
  const entries = propagation.getBaggage(context)
  return entries && named(keys, (key) => entries.getEntry(key)?.value)
}

function fieldsOf(context: Context, names: readonly string[]): Attributes | undefined {
  const held = heldIn(context)
  return held && Object.fromEntries(held.all.filter(({ name }) => names.includes(name)).map((field) => [field.name, attributeOf(field)]))
}
