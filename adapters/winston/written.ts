import { stripVTControlCharacters } from 'node:util'
import type { TraceFields } from '../../src/fields/format.js'
import type { WrittenLine } from '../../src/mirror/line.js'
import type { Info } from './info.js'

/** What one transport was given to write. */
export interface Output {
  /** The line, where the formats made one. */
  text: unknown
  message: unknown
  stack: unknown
}

const message = Symbol.for('message')

export function outputOf(info: Info): Output {
  return { text: info[message], message: info.message, stack: info.stack }
}

/**
 * What all transports that wrote a line have written of it.
 *
 * - Of JSON lines the fields that all of them have, with equal values.
 * - A line of text shows no fields; its layout is not taken for hiding them.
 * - The message is the shortest that stands in each of the lines: of a text the logger's message if it is there literally, else
 *   the whole text. Where they have none in common, one hides something, and it is left out.
 */
export function writtenLine(outputs: readonly Output[], trace: TraceFields): WrittenLine {
  const texts: string[] = []
  const messages: string[] = []
  let common: Record<string, unknown> | undefined
  for (const output of outputs) {
    const json = parseJson(output.text)
    if (json === undefined) {
      const { text, shown } = readText(output)
      texts.push(text)
      messages.push(shown)
    } else {
      const text = messageOf(json)
      texts.push(text)
      messages.push(text)
      common = common === undefined ? json : (intersect(common, json) as Record<string, unknown>)
    }
  }
  const shortest = messages.toSorted((a, b) => a.length - b.length).find((one) => texts.every((text) => text.includes(one)))
  const fields = common === undefined ? {} : withoutHead(common, trace)
  const error = common === undefined ? errorInTexts(outputs) : takeError(fields)
  return { message: shortest ?? '', fields, ...(error && { error }) }
}

/** When the line was written, as the first of its JSON lines says. */
export function timeOf(outputs: readonly Output[]): unknown {
  for (const { text } of outputs) {
    const json = parseJson(text)
    if (json !== undefined) return json.timestamp ?? json['@timestamp']
  }
  return undefined
}

function parseJson(text: unknown): Record<string, unknown> | undefined {
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined
  try {
    const line = JSON.parse(text) as Record<string, unknown>
    // As `format.logstash` has it.
    const fields = line['@fields']
    return isRecord(fields) ? { ...fields, message: line['@message'] } : line
  } catch {
    return undefined
  }
}

function messageOf({ message: written }: Record<string, unknown>): string {
  return typeof written === 'string' ? stripVTControlCharacters(written) : (JSON.stringify(written) ?? '')
}

function readText({ text, message: given }: Output): { text: string; shown: string } {
  const line = stripVTControlCharacters(toText(text))
  const shown = stripVTControlCharacters(toText(given)).trim()
  return { text: line, shown: line.includes(shown) ? shown : line }
}

function toText(value: unknown): string {
  try {
    return String(value)
  } catch {
    // An object without prototype, and the like.
    return ''
  }
}

/** All but what the event has of its own: time, level and message, and the trace's fields where they are not the user's. */
function withoutHead(line: Readonly<Record<string, unknown>>, trace: TraceFields): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(line)) {
    if (notFields.has(key) || (Object.hasOwn(trace, key) && line[key] === trace[key])) continue
    // The one name whose assignment is no property.
    if (key !== '__proto__') fields[key] = line[key]
  }
  return fields
}

const notFields = new Set(['level', 'message', 'timestamp', '@timestamp'])

/** What two JSON values have in common; `undefined` where that is nothing. */
function intersect(a: unknown, b: unknown): unknown {
  if (isRecord(a) && isRecord(b)) {
    const common = Object.keys(a)
      .filter((key) => Object.hasOwn(b, key))
      .map((key) => [key, intersect(a[key], b[key])] as const)
    return Object.fromEntries(common.filter(([, value]) => value !== undefined))
  }
  return JSON.stringify(a) === JSON.stringify(b) ? a : undefined
}

/** winston puts the stack of an error beside the message; users put errors that their formats serialize under these names. */
function takeError(fields: Record<string, unknown>): WrittenLine['error'] {
  const { stack } = fields
  if (typeof stack === 'string') {
    delete fields.stack
    return errorOfStack(stack)
  }
  for (const key of ['err', 'error']) {
    const nested = fields[key]
    if (!isRecord(nested) || typeof nested.stack !== 'string') continue
    const { stack: trace, message: text, name, type, ...rest } = nested
    if (Object.keys(rest).length === 0) delete fields[key]
    else fields[key] = rest
    const named = [type, name].find((one) => typeof one === 'string')
    return {
      ...errorOfStack(nested.stack),
      ...(named !== undefined && { type: named }),
      ...(typeof text === 'string' && { message: text }),
      stack: trace,
    }
  }
  return undefined
}

function errorInTexts(outputs: readonly Output[]): WrittenLine['error'] {
  const stack = outputs[0]?.stack
  if (typeof stack !== 'string' || stack === '' || !outputs.every(({ text }) => toText(text).includes(stack))) return undefined
  return errorOfStack(stack)
}

/** `TypeError: card refused\n    at …`, and node's `TypeError [ERR_CODE]: …`. */
function errorOfStack(stack: string): NonNullable<WrittenLine['error']> {
  const [head = ''] = stack.split('\n    at ', 1)
  const [, type, text] = /^([A-Za-z_$][\w$.]*)(?: \[\w+\])?(?:: ([\s\S]*))?$/.exec(head) ?? []
  return type === undefined ? { stack } : { type, message: text ?? '', stack }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
