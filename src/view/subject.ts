import { textOf, urlOf } from '../analysis/attributes.js'
import type { TraceSpan } from '../traces/types.js'

/**
 * What a name that is a method or a command alone leaves open, not escaped: of `GET` over HTTP where to, without scheme and query, of
 * `GET` to Redis the system. The conventions keep both out of names, so that these stay few; in one trace they tell the calls apart.
 */
export function subjectOf(span: TraceSpan): string | undefined {
  const { name, attributes } = span
  if (name === textOf(attributes, 'http.request.method', 'http.method')) {
    const url = urlOf(span)?.replace(/^\w+:\/\/(?:[^/?#]*@)?/, '')
    return url?.replace(/[?#].*/s, '')
  }
  return name === textOf(attributes, 'db.operation.name', 'db.operation') ? textOf(attributes, 'db.system.name', 'db.system') : undefined
}
