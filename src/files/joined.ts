import { isJoined, type Piece, pieceAt } from './pieces.js'

const lineFeed = 10
/** Runtimes cut at 8 KB or more. */
export const cutBytes = 8000
/** How far a line of the same stream is looked for among those of others. */
const maxBetween = 64

/** The lines of one record with a line, in order. */
export function joinedWith(bytes: Buffer, line: Piece, whole: number): Piece[] {
  const pieces = [line]
  if (line.continues || line.stream !== '') {
    for (let at = line; ; ) {
      const before = lineBefore(bytes, at)
      if (before === undefined || !isJoined(before, at)) break
      pieces.unshift(before)
      at = before
    }
  }
  if (line.open || line.partial) {
    for (let at = line; ; ) {
      const next = lineAfter(bytes, at, whole)
      if (next === undefined || !isJoined(at, next)) break
      pieces.push(next)
      at = next
    }
  }
  return pieces
}

/**
 * Where, before `whole`, the last record begins to which a line that is not there yet may still belong.
 *
 * @param whole - behind a line feed
 */
export function closedUntil(bytes: Buffer, whole: number): number {
  let closed = whole
  const seen = new Set<string>()
  let line = pieceEnding(bytes, whole - 1)
  for (let n = 0; n < maxBetween && line !== undefined; n++) {
    if (!seen.has(line.stream)) {
      seen.add(line.stream)
      if (line.open || line.partial) closed = Math.min(closed, headOf(bytes, line).start)
    }
    if (line.stream === '' || line.start === 0) break
    line = pieceEnding(bytes, line.start - 1)
  }
  // Between the lines of one writer others may have begun earlier and ended.
  for (let at = closed; at < whole; ) {
    const piece = pieceAt(bytes, at, bytes.indexOf(lineFeed, at))
    const { start } = piece.stream === '' ? piece : headOf(bytes, piece)
    at = start < closed ? start : piece.end + 1
    closed = Math.min(closed, start)
  }
  return closed
}

/**
 * The first line that a runtime cut. What is looked for may stand on both sides of the cut, so the whole is read.
 *
 * @param from - where a line begins
 */
export function cutLine(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at + cutBytes < to; ) {
    const feed = bytes.lastIndexOf(lineFeed, at + cutBytes)
    if (feed >= at) {
      at = feed + 1
      continue
    }
    const end = bytes.indexOf(lineFeed, at)
    if (pieceAt(bytes, at, end).partial) return at
    at = end + 1
  }
  return -1
}

function headOf(bytes: Buffer, line: Piece): Piece {
  for (let at = line; ; ) {
    const before = lineBefore(bytes, at)
    if (before === undefined || !isJoined(before, at)) return at
    at = before
  }
}

/** The line before it in its stream. */
function lineBefore(bytes: Buffer, { start, stream }: Piece): Piece | undefined {
  let at = start
  for (let n = 0; n < maxBetween && at > 0; n++) {
    const piece = pieceEnding(bytes, at - 1)
    if (piece.stream === stream) return piece
    if (stream === '') return undefined
    at = piece.start
  }
  return undefined
}

function lineAfter(bytes: Buffer, { end, stream }: Piece, whole: number): Piece | undefined {
  let at = end + 1
  for (let n = 0; n < maxBetween && at < whole; n++) {
    const piece = pieceAt(bytes, at, bytes.indexOf(lineFeed, at))
    if (piece.stream === stream) return piece
    if (stream === '') return undefined
    at = piece.end + 1
  }
  return undefined
}

function pieceEnding(bytes: Buffer, feed: number): Piece {
  return pieceAt(bytes, feed === 0 ? 0 : bytes.lastIndexOf(lineFeed, feed - 1) + 1, feed)
}
