import { type Exception, type Span, SpanStatusCode } from '@opentelemetry/api'
import { reportFault } from './fault.js'
import type { WithSpanOptions } from './span-options.js'
import { endSpan } from './watch.js'

/** Ends a span with what was thrown inside of it: its status, where nobody has set one, and, unless it is expected, its exception. */
export function endFailed(span: Span, error: unknown, expected: WithSpanOptions['expectedErrors']): void {
  try {
    if (!isExpected(error, expected)) span.recordException(asException(error))
    if (isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
  } catch (fault) {
    reportFault('an error could not be recorded on its span', fault)
  }
  endSpan(span, true)
}

/** Whether nobody has set the span's status; the API cannot tell, so a span of an unknown SDK counts as unset. */
export function isStatusUnset(span: Span): boolean {
  const { status } = span as { status?: { code?: SpanStatusCode } }
  return (status?.code ?? SpanStatusCode.UNSET) === SpanStatusCode.UNSET
}

/** With the stacks of its causes, which the SDK leaves out. */
function asException(error: unknown): Exception {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error
  const { name, message, code } = error as Error & { code?: string | number }
  return { name, message, stack: stackOf(error), ...(code !== undefined && { code }) }
}

function stackOf(error: Error): string {
  const stacks = new Map<Error, string>()
  for (let at: unknown = error; at instanceof Error && !stacks.has(at) && stacks.size < 8; at = at.cause)
    stacks.set(at, at.stack ?? `${at.name}: ${at.message}`)
  return [...stacks.values()].join('\nCaused by: ')
}

function isExpected(error: unknown, expected: WithSpanOptions['expectedErrors']): boolean {
  if (expected === undefined) return false
  try {
    return typeof expected === 'function' ? expected(error) : expected.some((type) => error instanceof type)
  } catch (fault) {
    reportFault('expectedErrors failed, so an error counts as unexpected', fault)
    return false
  }
}
