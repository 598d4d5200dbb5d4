import { type Attributes, isSpanContextValid, type Link, type SpanContext, SpanKind } from '@opentelemetry/api'
import { refuseUnknownOptions, unexpected } from '../errors.js'
import { isRecord } from './attributes.js'
import { reportFault } from './fault.js'

export const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** How a span is started. */
export interface SpanOptions {
  /** @defaultValue 'internal' */
  kind?: keyof typeof kinds | undefined
  attributes?: Attributes | undefined
  links?: Link[] | undefined
  /** The parent, for instance from `extractTrace`; `null` begins a new trace. @defaultValue the active span */
  parent?: SpanContext | null | undefined
}

/** How `withSpan` runs. */
export interface WithSpanOptions extends SpanOptions {
  /** Errors that belong to normal operation: they set the span's status but are not recorded as exceptions. */
  expectedErrors?: readonly ErrorClass[] | ((error: unknown) => boolean) | undefined
}

const withSpanOptionNames = [
  'kind',
  'attributes',
  'links',
  'parent',
  'expectedErrors',
] as const satisfies readonly (keyof WithSpanOptions)[]

// oxlint-disable-next-line typescript/no-explicit-any -- a class is matched whatever its constructor takes
type ErrorClass = abstract new (...args: any[]) => Error

/** Without what is wrong of what comes with the data; the rest is refused. */
export function usableOptions(options: WithSpanOptions): WithSpanOptions {
  checkSpanOptions('withSpan', options, withSpanOptionNames)
  const { attributes, links, parent } = options
  let left = options
  const leaveOut = (name: 'attributes' | 'links' | 'parent', expectation: string, rest?: unknown): void => {
    reportFault(`withSpan leaves out \`${name}\``, unexpected(name, expectation, options[name]))
    left = { ...left, [name]: rest }
  }
  if (attributes !== undefined && !isRecord(attributes)) leaveOut('attributes', 'an object')
  if (parent !== undefined && parent !== null && !isSpanContext(parent))
    leaveOut('parent', 'a span context, as extractTrace gives it, or null')
  if (links !== undefined && !areLinks(links))
    leaveOut('links', 'an array of { context }, each with a span context', Array.isArray(links) ? (links as unknown[]).filter(isLink) : [])
  return left
}

/**
 * What a program says of its spans once and for all.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function checkSpanOptions(where: string, options: Pick<WithSpanOptions, 'kind' | 'expectedErrors'>, known: readonly string[]): void {
  refuseUnknownOptions(where, options, known)
  const { kind, expectedErrors } = options
  if (kind !== undefined && !Object.hasOwn(kinds, kind)) throw unexpected('kind', `one of ${Object.keys(kinds).join(', ')}`, kind)
  if (expectedErrors === undefined || typeof expectedErrors === 'function') return
  if (!(Array.isArray(expectedErrors) && expectedErrors.every((type) => typeof type === 'function')))
    throw unexpected('expectedErrors', 'an array of classes of errors, or a function', expectedErrors)
}

export function areLinks(links: unknown): links is Link[] {
  return Array.isArray(links) && links.every(isLink)
}

function isLink(link: unknown): link is Link {
  return typeof link === 'object' && link !== null && 'context' in link && isSpanContext(link.context)
}

function isSpanContext(context: unknown): context is SpanContext {
  return typeof context === 'object' && context !== null && isSpanContextValid(context as SpanContext)
}
