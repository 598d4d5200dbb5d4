import type { Span } from '@opentelemetry/api'
import { errorAttributes } from '../../src/semantics/calls.js'
import { guarded } from '../http/guarded.js'

/** Puts `error.type` onto the span; its status and the exception are `withSpan`'s. */
export function describeFailure(span: Span, error: unknown): void {
  guarded('a failure could not be described on its span', () => span.setAttributes(errorAttributes(error)))
}
