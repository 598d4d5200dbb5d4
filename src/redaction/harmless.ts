import { isValueOfItem } from './items.js'
import type { Verdict } from './keys.js'

/** A name that hides nothing, as it stands in a line behind `{` or `,`, and which one came behind it last. */
interface Known {
  readonly text: string
  next: Known | undefined
}

const [quote, space, openArray] = [0x22, 0x20, 0x5b]
const mostKnown = 1_000
const longestKnown = 200

/**
 * Tells lines all of whose names are known to hide nothing: by far the most. Lines of one place in a program have the same names in the same
 * order, so that each is compared with the one that came behind its predecessor last, without being cut out or looked up.
 *
 *   {"level":30,"time":1795259007000,"msg":"12:30"}
 *           ^ a name ends before a colon that follows a quote; what else has a colon is in a text
 *
 * @param maxDepth - what is deeper is hidden
 * @returns whether nothing of a line is hidden by a name; false as well where that cannot be told so, as of lists, which may be pairs
 */
export function harmlessNames(verdict: (key: string) => Verdict, maxDepth: number): (json: string) => boolean {
  const first: Known = { text: '', next: undefined }
  const known = new Map<string, Known>()

  return (json) => {
    if (isDeeper(json, maxDepth)) return false
    let last = first
    for (let at = json.indexOf(':'); at >= 0; at = json.indexOf(':', at + 1)) {
      const before = json.charCodeAt(at - 1)
      if (before !== quote) {
        // Between a name and its colon JSON may have spaces.
        if (before <= space) return false
        continue
      }
      const behind = json.charCodeAt(at + 1)
      if (behind === openArray || behind <= space) return false
      let { next } = last
      if (next === undefined || !standsBefore(next.text, json, at)) {
        next = lookUp(json, at)
        if (next === undefined) return false
        last.next = next
      }
      last = next
    }
    return true
  }

  function lookUp(json: string, end: number): Known | undefined {
    const open = json.lastIndexOf('"', end - 2)
    // The name holds a quote, or is none, or stands where JSON has none.
    if (open < 1 || end - open > longestKnown || !'{,'.includes(json.charAt(open - 1))) return undefined
    const text = json.slice(open - 1, end)
    const found = known.get(text)
    if (found !== undefined) return found
    const name = text.slice(2, -1)
    if (verdict(name) !== undefined || isValueOfItem(name)) return undefined
    if (known.size >= mostKnown) known.clear()
    const added = { text, next: undefined }
    known.set(text, added)
    return added
  }
}

/** A loop, since a call of `startsWith` takes longer than most names. */
function standsBefore(text: string, json: string, end: number): boolean {
  let at = end
  for (let i = text.length; i > 0; ) if (text.charCodeAt(--i) !== json.charCodeAt(--at)) return false
  return true
}

function isDeeper(json: string, maxDepth: number): boolean {
  let depth = 0
  for (let at = json.indexOf('{'); at >= 0; at = json.indexOf('{', at + 1)) if (++depth > maxDepth) return true
  return false
}
