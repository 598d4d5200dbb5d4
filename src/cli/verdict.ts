import type { LogVerdict } from '../logs/index.js'
import { count } from '../view/count.js'
import { escapeText } from '../view/terminal/text.js'

interface Claim {
  complete: boolean
  reasons: readonly { code: string; message: string }[]
}

/** What a proof holds for is no reason against it. */
const HOLDS_FOR = 'HOLDS_FOR'

/** `12 lines, complete: …`, or `12 lines, INCOMPLETE: why`. */
export function verdictText(what: string, { complete, reasons }: Claim): string {
  const told = reasons
    .filter(({ code }) => (code === HOLDS_FOR) === complete)
    .map(({ code, message }) => (complete ? message : `${code}: ${message}`))
  const why = told.length > 0 ? told.join('; ') : complete ? '' : 'the source does not say why'
  return escapeText(`${what}, ${complete ? 'complete' : 'INCOMPLETE'}${why === '' ? '' : `: ${why}`}`)
}

/** `12 lines`, and what else the sources hold of the trace. */
export function linesText({ entries, mentions, skipped }: LogVerdict, mentionsShown: boolean): string {
  const also = [
    ...(mentions > 0 ? [`${count(mentions, 'mention')} ${mentionsShown ? 'among them' : 'left out'}`] : []),
    ...(skipped > 0 ? [`${skipped} unreadable`] : []),
  ]
  return `${entries === 0 ? 'no lines' : count(entries, 'line')}${also.length > 0 ? ` (${also.join(', ')})` : ''}`
}

/** A verdict as JSON can hold it. */
export function verdictJson({ from, to, ...rest }: LogVerdict): object {
  return { ...rest, ...(from !== undefined && { from: String(from) }), ...(to !== undefined && { to: String(to) }) }
}
