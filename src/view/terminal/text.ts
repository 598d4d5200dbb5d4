/**
 * Characters that act on a terminal, or that hide or reorder what stands beside them: C0, DEL, C1, lone surrogates, line
 * and paragraph separators, and all format characters (bidi controls, zero-width ones, tags) but the two joiners, without
 * which emoji and several scripts fall apart.
 */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu

/** JSON with the same value that no terminal acts on. `JSON.stringify` escapes C0 only. */
export function escapeJson(json: string): string {
  if (printableAscii.test(json)) return json
  return json.replaceAll(unsafe, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  )
}

const names: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text from outside, fit to be written to a terminal: what could drive it stands there visibly, such as `\n` or `\x1b`. */
export function escapeText(text: string): string {
  return printableAscii.test(text) ? text : text.replaceAll(unsafe, visible)
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x100) return names[character] ?? `\\x${code.toString(16).padStart(2, '0')}`
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}

const printableAscii = /^[\x20-\x7e]*$/
// Each one column and never part of a cluster: ASCII, Latin letters, and what pictures are drawn with. Segmenting costs 50 times more.
const plain = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2026\u203a\u2500-\u259f\u2717]*$/
// Made when it is needed: that loads the tables of Unicode, which takes longer than all other modules of a command.
let segmenter: Intl.Segmenter | undefined

function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

// East_Asian_Width W and F of Unicode 16, whole blocks where their gaps are unassigned; what is wide as an emoji has a property.
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
// Marks that take no room of their own, the joiners, and the Hangul vowels and finals, which merge into the syllable before them.
const zeroWidth = /^(?:[\p{Mn}\p{Me}\u1160-\u11ff]|\u200c|\u200d)$/u
const emojiSequence =
  /^(?:\p{Regional_Indicator}{2}|[\d#*]\ufe0f?\u20e3|\p{Extended_Pictographic}[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\u200d]+)$/u

/** Columns of one grapheme cluster: an emoji sequence takes two however long it is, other clusters what their parts take. */
function clusterWidth(cluster: string): number {
  if (emojiSequence.test(cluster)) return 2
  let width = 0
  for (const character of cluster) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  return zeroWidth.test(character) ? 0 : wide.test(character) ? 2 : 1
}

/** The columns that escaped text takes on a terminal: wide characters two, combining ones none. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes(text)) width += clusterWidth(segment)
  return width
}

/** How many UTF-16 units from `start` fit into `width` columns. Only a cluster that is wider than `width` is taken apart. */
function unitsThatFit(text: string, start: number, width: number): number {
  if (width === Number.POSITIVE_INFINITY) return text.length - start
  // A cluster rarely has more than 8 units: what comes after cannot matter, and a line may have megabytes.
  const head = text.slice(start, start + width * 8 + 8)
  if (plain.test(head.slice(0, width + 1))) return Math.min(head.length, width)
  let used = 0
  for (const { segment, index } of graphemes(head)) {
    used += clusterWidth(segment)
    if (used > width) return index > 0 ? index : charactersThatFit(segment, width)
  }
  return head.length
}

function charactersThatFit(cluster: string, width: number): number {
  let used = 0
  let units = 0
  for (const character of cluster) {
    used += characterWidth(character)
    if (used > width) break
    units += character.length
  }
  return units
}

/** Escaped text cut to `width` columns, the cut shown as `…`. */
export function truncate(text: string, width: number): string {
  if (unitsThatFit(text, 0, width) === text.length) return text
  return width < 2 ? '…'.slice(0, width) : `${text.slice(0, unitsThatFit(text, 0, width - 1))}…`
}

/** Escaped text cut or filled to exactly `width` columns. */
export function fit(text: string, width: number): string {
  const cut = truncate(text, width)
  return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)))
}

/**
 * Rows of escaped text as ranges of it, broken at a space, so that an ID stays whole; a word that no row could hold is begun where the
 * second half of a row has no space, and broken behind a comma where that half has one. What would need more
 * than `maxRows` is left out; `rest` is its length in UTF-16 units. Widths are 2 or more: a wide character must fit.
 */
export function wrap(text: string, firstWidth: number, width: number, maxRows: number): { rows: [number, number][]; rest: number } {
  const rows: [number, number][] = []
  let start = 0
  while (start < text.length && rows.length < maxRows) {
    const room = rows.length === 0 ? firstWidth : width
    let end = start + unitsThatFit(text, start, room)
    if (end < text.length && text[end] !== ' ') {
      end = breakBefore(text, start, end, width)
    }
    rows.push([start, start + text.slice(start, end).trimEnd().length])
    start = end
    while (text[start] === ' ') start++
  }
  return { rows, rest: text.length - Math.min(start, text.length) }
}

/** Where to break a row that could go on to `end`, in the midst of a word. */
function breakBefore(text: string, start: number, end: number, width: number): number {
  const half = start + (end - start) / 2
  const space = text.lastIndexOf(' ', end)
  if (space > half) return space
  const next = text.indexOf(' ', end)
  const isWordShort = space + 1 + unitsThatFit(text, space + 1, width) >= (next < 0 ? text.length : next)
  if (space > start && isWordShort) return space
  const comma = text.lastIndexOf(',', end - 1) + 1
  return comma > half ? comma : end
}
