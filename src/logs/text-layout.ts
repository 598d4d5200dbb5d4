import { stripVTControlCharacters } from 'node:util'
import { severityOfName } from '../fields/severity.js'

/** What a text line shows of its trace. */
export interface TextLayout {
  /** Under names that the fields of a line have. */
  fields: Record<string, unknown>
  message: string
}

// `[trace:span]`, and Spring Boot's `[app,trace,span]` and `[trace-span]`.
const bracketed = /\[(?:([^\s[\],]{0,100}),)?([0-9a-f]{32})[:,-]([0-9a-f]{16})(?:,[a-z]{0,5})?\]\s*/i
// In front of the IDs stand a time, a level, a process, a thread: no words of its own outside brackets, or the line is about that trace
// and not of it.
const prefix =
  /^(?:[^a-z()[\]]|\([^()]*\)|\[[^[\]]*\]|\b(?:trace|debug|info|warn|warning|error|fatal|http|verbose|silly|notice|crit|alert|emerg)\b)*$/
const maxPrefix = 200
const maxBracketed = 170
const level = /^(?:\[?([A-Za-z]{3,13})\]?:?\s+)/
const pair = (name: string): RegExp =>
  new RegExp(`(?<![\\w.-])((?:otel|dd|(?:aws-)?xray)?[_.-]?${name}[_.-]?id)["']?\\s*[=:]\\s*["']?([\\w/@-]+)`, 'gi')
const tracePair = pair('trace')
const spanPair = pair('span')
/** W3C Trace Context, as access logs of proxies have it. */
const traceparent = /(?<![\w-])00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?![\w-])/

/** Of an access log in Common Log Format and those like it: what stands behind the request and its status. */
const accessLog = /"[A-Z]{3,20} [^"]* HTTP\/\d(?:\.\d)?" \d{3} (.*)$/s
/** A value by itself or in quotes. */
const bareId = /(?<=^|\s)"?((?:1-[0-9a-f]{8}-[0-9a-f]{24})|[0-9a-f]{32})"?(?=\s|$)/gi

/**
 * The trace that a text line is of: by the layout `[trace_id:span_id] LEVEL message` or Spring's `[app,trace_id,span_id]` and
 * `[trace_id-span_id]`, behind a time, a level, a process or what stands in brackets at most; by pairs such as `trace_id=… span_id=…`
 * anywhere, of which the first counts; or by a whole `traceparent`, likewise; or, in an access log, by the one bare ID behind the request.
 */
export function traceInText(coloured: string): TextLayout | undefined {
  const text = stripVTControlCharacters(coloured)
  const ids = bracketed.exec(text.slice(0, maxPrefix + maxBracketed))
  if (ids !== null && ids.index <= maxPrefix && prefix.test(text.slice(0, ids.index))) {
    const rest = text.slice(ids.index + ids[0].length)
    const found = level.exec(rest)
    const isLevel = found?.[1] !== undefined && severityOfName(found[1]) !== undefined
    const before = text
      .slice(0, ids.index)
      .match(/[A-Za-z]+/g)
      ?.find((word) => severityOfName(word) !== undefined)
    return {
      fields: { service: ids[1], trace_id: ids[2], span_id: ids[3], level: isLevel ? found[1] : before },
      message: isLevel ? rest.slice(found[0].length) : rest,
    }
  }
  const fields: Record<string, unknown> = {}
  for (const pattern of [tracePair, spanPair]) {
    for (const [, name = '', value] of text.matchAll(pattern)) fields[name] ??= value
  }
  const parent = Object.keys(fields).length === 0 ? traceparent.exec(text) : null
  if (parent !== null) Object.assign(fields, { trace_id: parent[1], span_id: parent[2] })
  if (Object.keys(fields).length === 0) {
    // An access log has no names: a value there that is an ID and nothing else is a field. In any other text it is a word.
    const bare = [...(accessLog.exec(text)?.[1]?.matchAll(bareId) ?? [])].map(([, id]) => id)
    if (new Set(bare).size === 1) fields['trace_id'] = bare[0]
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
