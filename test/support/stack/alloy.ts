import { keys, listOf, mapOf, number, oneOf, type Schema, schemaProblems, text } from './schema.js'

/** A reference to another component (`loki.write.loki.receiver`) or what a call or a sum gives: known when Alloy runs. */
export type Expression = string | number | boolean | null | Expression[] | { [key: string]: Expression } | Reference
export class Reference {
  constructor(readonly name: string) {}
}
export interface Block {
  name: string
  label: string | undefined
  settings: Record<string, Expression>
  blocks: Block[]
}

const token =
  /\s+|\/\/[^\n]*|(?<string>"(?:[^"\\\n]|\\.)*")|(?<number>-?\d+(?:\.\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)|(?<sign>[{}[\](),=+])/y

/** Reads Alloy's configuration syntax, as far as the stack uses it. @throws Error where a text is none */
export function parseAlloy(source: string): Block[] {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < source.length) {
    const at = token.lastIndex
    const found = token.exec(source)
    if (!found) throw new Error(`unexpected at ${at}: ${source.slice(at, at + 20)}`)
    const { string, number: digits, name, sign } = found.groups ?? {}
    const read = string ?? digits ?? name ?? sign
    if (read !== undefined) tokens.push(read)
  }
  let next = 0
  const peek = () => tokens[next] ?? 'the end'
  const take = (expected?: string): string => {
    const read = peek()
    if (expected !== undefined && read !== expected) throw new Error(`expected ${expected}, got ${read}`)
    next++
    return read
  }
  const items = <T>(end: string, item: () => T): T[] => {
    const list: T[] = []
    while (peek() !== end) {
      list.push(item())
      if (peek() !== end) take(',')
    }
    take(end)
    return list
  }
  const expression = (): Expression => {
    const left = operand()
    if (peek() !== '+') return left
    take('+')
    expression()
    return new Reference('+')
  }
  const operand = (): Expression => {
    const read = take()
    if (read === '[') return items(']', expression)
    if (read === '{') return Object.fromEntries(items('}', () => [take().replaceAll('"', ''), (take('='), expression())]))
    if (read.startsWith('"')) return JSON.parse(read) as string
    if (/^-?\d/.test(read)) return Number(read)
    if (read === 'true' || read === 'false') return read === 'true'
    if (!/^[A-Za-z_]/.test(read)) throw new Error(`unexpected ${read}`)
    if (peek() !== '(') return new Reference(read)
    take('(')
    items(')', expression)
    return new Reference(`${read}()`)
  }
  const body = (end: string): Pick<Block, 'settings' | 'blocks'> => {
    const settings: Block['settings'] = {}
    const blocks: Block[] = []
    while (peek() !== end) {
      const name = take()
      if (peek() === '=') {
        take('=')
        if (name in settings) throw new Error(`${name} stands twice`)
        settings[name] = expression()
        continue
      }
      const label = peek().startsWith('"') ? (JSON.parse(take()) as string) : undefined
      take('{')
      blocks.push({ name, label, ...body('}') })
      take('}')
    }
    return { settings, blocks }
  }
  const { settings, blocks } = body('the end')
  if (Object.keys(settings).length > 0) throw new Error('expected blocks only')
  return blocks
}

const link: Schema = { type: 'object', required: ['name'], maxProperties: 1 }
const targets = { anyOf: [link, listOf(mapOf(text))] }
const rule = keys({ source_labels: listOf(text), separator: text, target_label: text, replacement: text, regex: text, action: text })
const located: Schema = { anyOf: [text, link] }

/** Arguments and blocks of the components that the stack uses, as release 1.18 documents them. */
const components: Record<string, Schema> = {
  'discovery.docker': keys({ 'host!': text, refresh_interval: text, filter: keys({ 'name!': text, 'values!': listOf(text) }) }),
  'discovery.kubernetes': keys({ 'role!': oneOf('pod'), selectors: keys({ 'role!': text, field: located, label: text }) }),
  'discovery.relabel': keys({ 'targets!': targets, rule }),
  'local.file_match': keys({ 'path_targets!': targets, sync_period: text }),
  'loki.source.docker': keys({ 'host!': text, 'targets!': targets, 'labels!': mapOf(text), 'forward_to!': listOf(link) }),
  'loki.source.file': keys({ 'targets!': targets, 'forward_to!': listOf(link) }),
  'loki.process': keys({
    'forward_to!': listOf(link),
    'stage.json': keys({ 'expressions!': mapOf({ type: 'string' }) }),
    'stage.structured_metadata': keys({ 'values!': mapOf({ type: 'string' }) }),
    'stage.cri': keys({}),
  }),
  'loki.write': keys({ endpoint: keys({ 'url!': located, tenant_id: located, max_backoff_retries: number }) }),
}
/** What each component gives others to refer to. */
const given = ['targets', 'output', 'receiver', 'rules']

/** What Alloy would refuse to start with. Blocks of one name are looked at one by one. */
export function alloyProblems(blocks: Block[]): string[] {
  const defined = blocks.map(({ name, label }) => `${name}.${label}`)
  return blocks.flatMap((block) => {
    const schema = components[block.name]
    if (!schema) return [`${block.name}: unknown component`]
    const unknown = references(block)
      .filter((name) => name !== '+' && !name.endsWith('()'))
      .filter((name) => !defined.some((known) => given.some((end) => name === `${known}.${end}`)))
    return [
      ...plain(block).flatMap((settings) => schemaProblems(schema, settings).map((problem) => `${block.name}: ${problem}`)),
      ...unknown.map((name) => `${block.name}: refers to ${name}, which nothing gives`),
    ]
  })
}

/** Settings and blocks as one object; a block that stands more than once makes more than one. */
function plain({ settings, blocks }: Block): Record<string, unknown>[] {
  const names = [...new Set(blocks.map(({ name }) => name))]
  const times = Math.max(1, ...names.map((name) => blocks.filter((block) => block.name === name).length))
  return Array.from({ length: times }, (_, turn) => ({
    ...settings,
    ...Object.fromEntries(
      names.map((name) => {
        const same = blocks.filter((block) => block.name === name)
        return [name, plain((same[turn] ?? same[0]) as Block)[0]]
      }),
    ),
  }))
}

function references({ settings, blocks }: Block): string[] {
  const within = (value: unknown): string[] => {
    if (value instanceof Reference) return [value.name]
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(within) : []
  }
  return [...within(settings), ...blocks.flatMap(references)]
}
