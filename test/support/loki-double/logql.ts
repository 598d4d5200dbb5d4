import { parser } from '@grafana/lezer-logql'
import type { SyntaxNode } from '@lezer/common'
import { promDuration } from './go.js'

/** A line on its way through a pipeline: what a stage reads and what it adds. */
export interface PipelineLine {
  line: string
  labels: Readonly<Record<string, string>>
  metadata: Readonly<Record<string, string>>
  parsed: Record<string, string>
}

export interface CompiledQuery {
  selects: (labels: Readonly<Record<string, string>>) => boolean
  keeps: (line: PipelineLine) => boolean
  /** The range of `count_over_time`, in nanoseconds; absent for a log query. */
  rangeNano?: bigint
}

type Test = (line: PipelineLine) => boolean

const emptyCompatible =
  'parse error : queries require at least one regexp or equality matcher that does not have an empty-compatible value. ' +
  'For instance, app=~".*" does not meet this requirement, but app=~".+" will'

/**
 * Compiles the LogQL that this project sends: a selector, line filters, label filters, `json`, `logfmt`, and
 * `sum(count_over_time(… [range]))`. Everything else is refused, so that a new kind of query cannot pass by accident.
 */
export function compileLogql(query: string): CompiledQuery {
  if (query === '') throw new Error('parse error : syntax error: unexpected $end')
  const top = parser.parse(query).topNode
  const selector = find(top, 'Selector')
  if (query.startsWith('{}')) throw new Error(emptyCompatible)
  const broken = errorIn(top)
  if (broken !== undefined || selector === undefined) throw new Error(`parse error at line 1, col ${(broken ?? 0) + 1}: syntax error`)

  const text = (node: SyntaxNode): string => query.slice(node.from, node.to)
  const matchers = findAll(selector, 'Matcher').map((node) => matcher(node, text))
  if (matchers.every(({ op, test }) => op === '!=' || op === '!~' || test(''))) throw new Error(emptyCompatible)

  const range = find(top, 'Range')
  const isMetric = find(top, 'MetricExpr') !== undefined
  if (isMetric && !/^sum\(count_over_time\(.*\)\)$/s.test(query)) throw new Error(`this double does not evaluate ${query}`)
  let rangeNano: bigint | undefined
  if (range !== undefined) {
    try {
      rangeNano = promDuration(text(range).slice(1, -1))
    } catch (error) {
      throw new Error(`parse error at line 0, col ${range.from + 1}: ${(error as Error).message}`, { cause: error })
    }
  }
  const stages = findAll(top, 'PipelineStage').map((node) => stage(node, text))
  return {
    selects: (labels) => matchers.every(({ name, test }) => test(labels[name] ?? '')),
    keeps: (line) => stages.every((keeps) => keeps(line)),
    ...(rangeNano !== undefined && { rangeNano }),
  }
}

function stage(node: SyntaxNode, text: (node: SyntaxNode) => string): Test {
  const first = node.firstChild
  if (first?.name === 'LineFilters') {
    const filters = findAll(node, 'LineFilter').map((filter) => lineFilter(filter, text))
    return (line) => filters.every((keeps) => keeps(line))
  }
  const body = first?.nextSibling
  if (body?.name === 'LabelFilter') return labelFilter(body, text)
  if (body?.name === 'LabelParser' && text(body) === 'json') return addParsed(jsonFields)
  if (body?.name === 'LogfmtParser' && text(body) === 'logfmt') return addParsed(logfmtFields)
  throw new Error(`this double does not evaluate ${text(node)}`)
}

function lineFilter(node: SyntaxNode, text: (node: SyntaxNode) => string): Test {
  const op = text(node.firstChild as SyntaxNode)
  const values = findAll(node, 'String').map((value) => unquote(text(value)))
  const one = values.map((value): ((line: string) => boolean) => {
    if (op === '|=' || op === '!=') return (line) => line.includes(value)
    const pattern = re2(value)
    return (line) => pattern.test(line)
  })
  const wanted = op.startsWith('|')
  return ({ line }) => one.some((matches) => matches(line)) === wanted
}

function labelFilter(node: SyntaxNode, text: (node: SyntaxNode) => string): Test {
  const only = node.firstChild
  if (only?.name === 'Matcher') {
    const { name, test } = matcher(only, text)
    return ({ labels, metadata, parsed }) => test(parsed[name] ?? metadata[name] ?? labels[name] ?? '')
  }
  const sides = children(node)
    .filter((child) => child.name === 'LabelFilter')
    .map((child) => labelFilter(child, text))
  if (sides.length === 0) throw new Error(`this double does not evaluate ${text(node)}`)
  return node.getChild('Or') === null ? (line) => sides.every((keeps) => keeps(line)) : (line) => sides.some((keeps) => keeps(line))
}

function matcher(node: SyntaxNode, text: (node: SyntaxNode) => string): { name: string; op: string; test: (value: string) => boolean } {
  const [name, op, quoted] = children(node).map(text)
  if (name === undefined || op === undefined || quoted === undefined) throw new Error('parse error : syntax error')
  const value = unquote(quoted)
  if (op === '=') return { name, op, test: (held) => held === value }
  if (op === '!=') return { name, op, test: (held) => held !== value }
  const pattern = re2(value, true)
  return { name, op, test: (held) => pattern.test(held) === (op === '=~') }
}

/** RE2's flags stand in front; the rest of what we send means the same in both. Characters are code points. */
function re2(pattern: string, whole = false): RegExp {
  const [, flags = ''] = /^\(\?([is]+)\)/.exec(pattern) ?? []
  const rest = flags === '' ? pattern : pattern.slice(flags.length + 3)
  // Go lets a backslash stand before any punctuation.
  const source = rest.replaceAll('\\x{', '\\u{').replace(/\\(?:\\|-)/g, (escape) => (escape === '\\-' ? '-' : escape))
  return new RegExp(whole ? `^(?:${source})$` : source, `${flags}u`)
}

function unquote(quoted: string): string {
  return quoted.startsWith('`') ? quoted.slice(1, -1) : (JSON.parse(quoted) as string)
}

function addParsed(fieldsOf: (line: string) => Record<string, string>): Test {
  return ({ line, labels, metadata, parsed }) => {
    for (const [key, value] of Object.entries(fieldsOf(line))) {
      parsed[key in labels || key in metadata ? `${key}_extracted` : key] = value
    }
    return true
  }
}

function jsonFields(line: string): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(JSON.parse(line) as object).map(([key, value]) => [key, String(value)]))
  } catch {
    return { __error__: 'JSONParserErr' }
  }
}

function logfmtFields(line: string): Record<string, string> {
  if (line.startsWith('{')) return {}
  return Object.fromEntries(
    [...line.matchAll(/([^\s="]+)=(?:"([^"]*)"|(\S*))/g)].map(([, key, quoted, plain]) => [key, quoted ?? plain ?? '']),
  )
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child)
  return found
}

/** The topmost nodes of a name; those inside them are not looked at. */
function findAll(node: SyntaxNode, name: string): SyntaxNode[] {
  return children(node).flatMap((child) => (child.name === name && child.getChild(name) === null ? [child] : findAll(child, name)))
}

function find(node: SyntaxNode, name: string): SyntaxNode | undefined {
  return findAll(node, name)[0]
}

function errorIn(node: SyntaxNode): number | undefined {
  if (node.type.isError) return node.from
  for (const child of children(node)) {
    const at = errorIn(child)
    if (at !== undefined) return at
  }
  return undefined
}
