import { dockerHead, dockerStream, wrappingOf } from './wrapped.js'

/** A line of a file, and what tells which other lines are of one record with it. */
export interface Piece {
  start: number
  /** Before the line feed. */
  end: number
  /** Of lines that a runtime wrapped, which writer's it is; lines of others may stand between. */
  stream: string
  /** The runtime cut it: what follows in the stream is of the same line. */
  partial: boolean
  /** Lines that go on from it may follow: it is no whole JSON object, and not empty. */
  open: boolean
  /** It goes on from a line before it. */
  continues: boolean
}

const headBytes = 400
const tailBytes = 600

// What a stack trace, pino-pretty or an object over several lines goes on with: an indented line, unless that is a line of its own;
// a closing bracket; the name of an error, as Java, Python and node begin a trace below a line.
const indented = /^[ \t]+(?![ \t]|$|\{"|\[?\d{4}-\d\d-\d\d|\[?\d\d:\d\d:\d\d)/
const goesOn =
  /^(?:[}\])]+[,;]?\s*$|Caused by: |Traceback \(most recent call last\)|(?:[\w$]+\.)*(?:[A-Z][\w$]*)?(?:Error|Exception)(?::|\s*$))/

export function pieceAt(bytes: Buffer, start: number, end: number): Piece {
  let head = bytes.toString('latin1', start, Math.min(end, start + headBytes))
  const last = bytes[end - 1] === 13 ? end - 2 : end - 1
  const docker = head.startsWith(dockerHead) ? dockerStream(bytes.toString('latin1', Math.max(start, end - tailBytes), end)) : undefined
  if (docker !== undefined) {
    head = head
      .slice(dockerHead.length)
      .replaceAll('\\t', '\t')
      .replace(/\\n".*/, '')
    const isJson = head.startsWith('{\\"')
    return { start, end, ...docker, open: !isJson && head !== '', continues: !isJson && isContinuation(head) }
  }
  const { stream = '', at = 0, partial = false } = head.startsWith('{') ? {} : (wrappingOf(head) ?? {})
  if (at > 0) head = head.slice(at)
  const isJson = head.startsWith('{') && bytes[last] === 125 && last > start + at
  return { start, end, stream, partial, open: !isJson && last >= start + at, continues: isContinuation(head) }
}

function isContinuation(content: string): boolean {
  return indented.test(content) || goesOn.test(content)
}

/** Whether a line is of one record with the line before it in its stream. */
export function isJoined(before: Piece, line: Piece): boolean {
  return before.partial || (before.open && line.continues)
}
