import type { LokiLine } from './answers.js'
import type { Batch } from './gather.js'
import { distinct } from './reader.js'

/** Each step of a generator costs as much as reading a line does: they hand on several at once. */
const perPortion = 100

/**
 * Joins what several forms of one question find, in portions: in time order, a line that several of them find once. Reads the form that is
 * furthest behind, so that no form's lines pile up while another's are awaited. Where a form fails the others are read to their
 * end, and then its error is thrown: half of a trace is worth more than none of it.
 */
export async function* unite(forms: readonly AsyncGenerator<Batch>[]): AsyncGenerator<LokiLine[]> {
  const heads = forms.map((form) => ({ form, next: soon(form), to: 0n }))
  const errors: unknown[] = []
  let waiting: LokiLine[] = []
  try {
    while (heads.length > 0) {
      const behind = heads.reduce((a, b) => (b.to < a.to ? b : a))
      try {
        const { value, done } = await behind.next
        if (done) {
          behind.to = endless
        } else {
          behind.to = value.to
          behind.next = soon(behind.form)
          // Not by `push`: of more arguments than the stack holds it dies, some 120,000.
          waiting = waiting.concat(value.lines)
        }
      } catch (error) {
        errors.push(error)
        behind.to = endless
      }
      const edge = heads.map(({ to }) => to).reduce((a, b) => (a < b ? a : b))
      if (behind.to === endless) heads.splice(heads.indexOf(behind), 1)
      const due = waiting.filter(({ timeUnixNano }) => timeUnixNano < edge)
      if (due.length === 0) continue
      waiting = waiting.filter(({ timeUnixNano }) => timeUnixNano >= edge)
      const lines = distinct(due)
      for (let at = 0; at < lines.length; at += perPortion) yield lines.slice(at, at + perPortion)
    }
    if (errors.length > 0) throw errors[0]
  } finally {
    // Not awaited: one that is in the middle of a request ends when the query's signal does.
    for (const { form } of heads) form.return(undefined).catch(() => {})
  }
}

const endless = 1n << 64n

/** Asks for the next batch now, so that the forms work at the same time. */
function soon(form: AsyncGenerator<Batch>): Promise<IteratorResult<Batch, void>> {
  const next = form.next()
  next.catch(() => {})
  return next
}
