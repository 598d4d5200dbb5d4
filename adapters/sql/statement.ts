import { hideSqlLiterals } from '../../src/redaction/sql.js'

/** What a span says of a statement. */
export interface Statement {
  /** `SELECT orders customers`: each operation with the tables it names, in their order; what the span is called. */
  summary: string | undefined
  operation: string | undefined
  /** Where the statement is of one operation on one table. */
  collection: string | undefined
  /** Without literals and comments. */
  text: string
}

const maxSummary = 255
// What is longer is data in all but name: neither read further nor shown.
const maxText = 8_192
const maxKnown = 500
const known = new Map<string, Statement>()

/** Reads a statement as far as its summary needs; the same text is read once. */
export function statementOf(sql: string, system: string): Statement {
  const key = `${system} ${sql}`
  const found = known.get(key)
  if (found !== undefined) return found
  const hidden = hideSqlLiterals(sql.slice(0, maxText), system === 'mysql' ? 'texts' : 'names').trim()
  const parts = partsOf(hidden)
  const statement = { ...parts, text: sql.length > maxText ? `${hidden}…` : hidden }
  if (known.size >= maxKnown) known.clear()
  if (sql.length <= maxText) known.set(key, statement)
  return statement
}

/** A level of parentheses. */
interface Level {
  /** Whether a SELECT or DELETE stands in it: the FROM of `extract(year FROM at)` names no table. */
  reads: boolean
  /** Whether a comma goes on to the next table. */
  listsTables: boolean
}

const operations = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE'])
const beforeTable = new Set(['ONLY', 'LATERAL', 'IF', 'NOT', 'EXISTS', 'IGNORE', 'LOW_PRIORITY', 'QUICK', 'TABLE', 'OR', 'CONCURRENTLY'])
const endsTables = new Set(
  'WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH FOR WINDOW RETURNING UNION EXCEPT INTERSECT SET VALUES SELECT'.split(' '),
)
const ofTables = new Set(['CREATE', 'DROP', 'ALTER', 'TRUNCATE', 'LOCK', 'ANALYZE', 'VACUUM'])
const name = '(?:"[^"]*"|`[^`]*`|\\[[^\\]]*\\]|[\\p{L}_][\\p{L}\\p{N}_$]*)'
const part = new RegExp(`${name}(?:\\s*\\.\\s*${name})*|[(),;]`, 'gu')

/**
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#generating-a-summary-of-the-query
 */
function partsOf(sql: string): Omit<Statement, 'text'> {
  const tokens = sql.match(part) ?? []
  const words = tokens.map((token) => token.toUpperCase())
  const summary: string[] = []
  const found: string[] = []
  const tables = new Set<string>()
  const made = new Set<string>()
  const levels: Level[] = [{ reads: false, listsTables: false }]
  let wanted: 'table' | 'read' | undefined
  let statements = 0

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    const word = words[i] ?? ''
    const before = words[i - 1]
    const level = levels.at(-1) as Level
    if (token === '(') {
      levels.push({ reads: false, listsTables: false })
      wanted = undefined
    } else if (token === ')') {
      if (levels.length > 1) levels.pop()
      wanted = undefined
    } else if (token === ',') {
      wanted = level.listsTables ? 'read' : undefined
    } else if (token === ';') {
      levels.splice(0, levels.length, { reads: false, listsTables: false })
      wanted = undefined
    } else if (wanted !== undefined && !beforeTable.has(word)) {
      // A function in the place of a table is none.
      if (!(wanted === 'read' && tokens[i + 1] === '(') && !made.has(word)) take(token)
      wanted = undefined
    } else if (wanted === undefined) {
      read(word, before, level, i)
    }
  }
  const [operation] = found
  return {
    summary: summary.length === 0 ? undefined : cut(summary),
    operation: statements === 1 && new Set(found).size === 1 ? operation : undefined,
    collection: found.length === 1 && tables.size === 1 ? [...tables][0] : undefined,
  }

  function read(word: string, before: string | undefined, level: Level, i: number): void {
    const begins = i === 0 || before === ';'
    if (begins) statements++
    if (endsTables.has(word)) level.listsTables = false
    if (operations.has(word) && isOperation(word, before)) {
      begin(word)
      level.reads = word === 'SELECT' || word === 'DELETE'
      if (word === 'UPDATE') wanted = 'table'
    } else if (begins && word !== 'WITH') {
      begin(word)
      if (ofTables.has(word)) wanted = kindOf(words[i + 1]) ? undefined : 'table'
      if (word === 'CALL' || word === 'EXEC' || word === 'EXECUTE') wanted = 'table'
    } else if (word === 'INTO') wanted = 'table'
    else if ((word === 'FROM' && level.reads && before !== 'DISTINCT') || word === 'JOIN') {
      level.listsTables = word === 'FROM' || level.listsTables
      wanted = 'read'
    } else if (word === 'USING' && found[0] === 'MERGE') wanted = 'read'
    else if (kindOf(word) && ofTables.has(found[0] ?? '')) wanted = 'table'
    // `WITH recent AS (`: a table of the statement's own.
    if (words[i + 1] === 'AS' && tokens[i + 2] === '(' && words.includes('WITH')) made.add(word)
  }

  function begin(word: string): void {
    found.push(word)
    summary.push(word)
  }

  function take(token: string): void {
    tables.add(bare(token))
    summary.push(bare(token))
  }
}

/** Not the UPDATE of `FOR UPDATE` and `DO UPDATE`, nor the DELETE of `ON DELETE`, nor `replace(…)` within another. */
function isOperation(word: string, before: string | undefined): boolean {
  if (word === 'REPLACE') return before === undefined || before === ';'
  return before === undefined || !['FOR', 'DO', 'ON', 'OR', 'KEY', 'THEN', 'BEFORE', 'AFTER'].includes(before)
}

function kindOf(word: string | undefined): boolean {
  return word !== undefined && /^(TABLE|VIEW|INDEX|SEQUENCE|SCHEMA|DATABASE|TYPE|FUNCTION|PROCEDURE|TRIGGER)$/.test(word)
}

function bare(token: string): string {
  return token.replace(/["`[\]]/g, '').replace(/\s*\.\s*/g, '.')
}

/** Whole words only. */
function cut(words: readonly string[]): string {
  const text = words.join(' ')
  return text.length <= maxSummary ? text : text.slice(0, text.lastIndexOf(' ', maxSummary))
}
