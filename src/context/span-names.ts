import { reportFault } from './fault.js'

const most = 1_000
/** Those that were looked at. */
const known = new Set<string>()

const empty = new Set([
  'anonymous',
  'call',
  'callback',
  'execute',
  'function',
  'handle',
  'handler',
  'method',
  'operation',
  'process',
  'query',
  'run',
  'span',
  'task',
])

/** What makes a name of each thing that it names, where one name for all of them is wanted. */
const changing: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a URL', /[a-z][a-z\d+.-]*:\/\/|\?[\w-]+=/i],
  ['an address', /\S@\S+\.\w/],
  ['an ID', /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{12,}\b/i],
  ['a number', /(?<![\p{L}\p{N}.])\d{3,}(?![\p{L}\p{N}.])/u],
]

/**
 * Warns of a name that stores cannot group by: one that holds what differs from call to call, or that says nothing. Once for all names of
 * one form, and no more once there are a thousand names.
 */
export function checkSpanName(name: string): void {
  if (known.has(name) || known.size >= most) return
  known.add(name)
  if (known.size === most) {
    reportFault(`there are more than ${most} different span names: what differs from call to call belongs into attributes`)
    return
  }
  if (empty.has(name.trim().toLowerCase())) {
    reportFault(`the span name "${name}" says nothing: name what is done, and to what, such as "charge card"`)
    return
  }
  const found = changing.find(([, pattern]) => pattern.test(name))
  if (found === undefined) return
  const [what, pattern] = found
  reportFault(
    `the span name "${name.replace(new RegExp(pattern, `${pattern.flags}g`), '…').slice(0, 80)}" holds ${what}: put it into an attribute`,
  )
}
