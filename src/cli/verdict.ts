import type { LogVerdict } from '../logs/index.js'
import { count } from '../view/count.js'
import { escapeText } from '../view/terminal/text.js'

type Reason = LogVerdict['reasons'][number]
/** What is claimed of an answer, and why. */
export type Claim = Pick<LogVerdict, 'complete' | 'reasons' | 'from' | 'to'>

/** What a proof holds for is no reason against it. */
const HOLDS_FOR = 'HOLDS_FOR'
const maxDoubts = 3

/** `12 lines, complete (6 files read to their ends)`, or `12 lines, INCOMPLETE: why`; whole where it is to be verbose. */
export function verdictText(what: string, claim: Claim, verbose = false): string {
  const { complete, reasons } = claim
  const proofs = reasons.filter(({ code }) => code === HOLDS_FOR).map(({ message }) => message)
  if (!complete) return escapeText(`${what}, INCOMPLETE: ${doubtsText(reasons, verbose)}`)
  const why = verbose ? proofs.join('; ') : extentText(proofs, claim)
  return escapeText(`${what}, complete${why === '' ? '' : verbose ? `: ${why}` : ` (${why})`}`)
}

function doubtsText(reasons: readonly Reason[], verbose: boolean): string {
  const told = [...new Set(reasons.filter(({ code }) => code !== HOLDS_FOR).map(doubtText))]
  if (told.length === 0) return 'the source does not say why'
  if (verbose || told.length <= maxDoubts) return told.join('; ')
  return [...told.slice(0, maxDoubts), `and ${told.length - maxDoubts} more: --verbose shows them`].join('; ')
}

function doubtText({ code, message }: Reason): string {
  return code === 'ABORTED' ? `${code}: interrupted before the end` : `${code}: ${message}`
}

/** What was looked at: how many files, which window. */
function extentText(proofs: readonly string[], { from, to }: Claim): string {
  // A proof from files begins with their number.
  const unasked = proofs.flatMap((proof) => /(?<=; )older lines were not asked for, since .*/s.exec(proof) ?? [])
  const files = proofs.flatMap((proof) => /^\d+ files?(?= \()/.exec(proof) ?? []).map((text) => Number.parseInt(text, 10))
  const sum = files.reduce((a, b) => a + b, 0)
  return (
    [
      ...(files.length === 0 ? [] : [`${count(sum, 'file')} read to ${sum === 1 ? 'its end' : 'their ends'}`]),
      ...(from === undefined ? [] : [`from ${isoTime(from)}`]),
      ...(to === undefined ? [] : [`to ${isoTime(to)}`]),
    ].join(' ') + unasked.map((text) => `; ${text}`).join('')
  )
}

function isoTime(nano: bigint): string {
  const date = new Date(Number(nano / 1_000_000n))
  if (nano < 0n || Number.isNaN(date.getTime())) return `${nano} ns`
  const fraction = String(nano % 1_000_000_000n).padStart(9, '0')
  return `${date.toISOString().slice(0, 19)}.${fraction}`.replace(/\.?0*$/, 'Z')
}

/** `12 lines`, and what else the sources hold of the trace; how many of them were left out, where that was asked for. */
export function linesText({ entries, mentions, skipped }: LogVerdict, mentionsShown: boolean, filtered = 0): string {
  const [verb, them] = mentions === 1 ? ['mentions', 'it'] : ['mention', 'them']
  const also = [
    ...(filtered === 0 ? [] : [`${filtered} filtered out`]),
    ...(mentions === 0
      ? []
      : [
          mentionsShown
            ? `${count(mentions, 'mention')} among them`
            : `${count(mentions, 'line')} ${verb} the ID: --mentions shows ${them}`,
        ]),
    ...(skipped > 0 ? [`${skipped} unreadable`] : []),
  ]
  return `${entries === 0 ? 'no lines' : count(entries, 'line')}${also.length > 0 ? ` (${also.join(', ')})` : ''}`
}

/** A verdict as JSON can hold it. */
export function verdictJson({ from, to, ...rest }: Claim): object {
  return { ...rest, ...(from !== undefined && { from: String(from) }), ...(to !== undefined && { to: String(to) }) }
}
