import { stripVTControlCharacters } from 'node:util'
import { severityOfName } from '../fields/severity.js'

/** What a text line shows of its trace. */
export interface TextLayout {
  /** Under names that the fields of a line have. */
  fields: Record<string, unknown>
  message: string
}

const bracketed = /\[([0-9a-f]{32}):([0-9a-f]{16})\]\s*/i
// In front of the IDs stand a time, a level, a process: nothing with words of its own, or the line is about that trace and not of it.
const prefix = /^(?:[^a-z()]|\([^()]*\)|\b(?:trace|debug|info|warn|warning|error|fatal|http|verbose|silly|notice|crit|alert|emerg)\b)*$/
const maxPrefix = 200
const level = /^(?:\[?([A-Za-z]{3,13})\]?:?\s+)/
const pair = (name: string): RegExp =>
  new RegExp(`(?<![\\w.])((?:otel|dd|xray)?[_.]?${name}[_.-]?id)["']?\\s*[=:]\\s*["']?([\\w/-]+)`, 'gi')
const tracePair = pair('trace')
const spanPair = pair('span')

/**
 * The trace that a text line is of: by the layout `[trace_id:span_id] LEVEL message`, behind a time or a level at most, or by pairs
 * such as `trace_id=… span_id=…` anywhere, of which the first counts.
 */
export function traceInText(coloured: string): TextLayout | undefined {
  const text = stripVTControlCharacters(coloured)
  const ids = bracketed.exec(text.slice(0, maxPrefix + 60))
  if (ids !== null && prefix.test(text.slice(0, ids.index))) {
    const rest = text.slice(ids.index + ids[0].length)
    const found = level.exec(rest)
    const isLevel = found?.[1] !== undefined && severityOfName(found[1]) !== undefined
    const before = text
      .slice(0, ids.index)
      .match(/[A-Za-z]+/g)
      ?.find((word) => severityOfName(word) !== undefined)
    return {
      fields: { trace_id: ids[1], span_id: ids[2], level: isLevel ? found[1] : before },
      message: isLevel ? rest.slice(found[0].length) : rest,
    }
  }
  const fields: Record<string, unknown> = {}
  for (const pattern of [tracePair, spanPair]) {
    for (const [, name = '', value] of text.matchAll(pattern)) fields[name] ??= value
  }
  if (Object.keys(fields).length === 0) return undefined
  return { fields: { ...fields, level: text.match(/^[[(]?([A-Za-z]{3,13})\b/)?.[1] }, message: text }
}

/** The names and values that can still be told in broken JSON, from all depths. */
export function namesInBrokenJson(line: string): Record<string, unknown> {
  const pairs = new Map<string, unknown>()
  for (const [, name = '', text, bare] of line.matchAll(/"([\w.@/-]{1,64})"\s*:\s*(?:"([^"\\]*)"|([\w.+-]+))/g)) {
    if (!pairs.has(name)) pairs.set(name, text ?? bare)
  }
  return Object.fromEntries(pairs)
}
