/** A line as its fields. */
export type Fields = Readonly<Record<string, string>>
export type Filter = (fields: Fields) => boolean

export interface Parsed {
  /** Nanoseconds; `to` is exclusive. */
  from: bigint
  to: bigint
  keeps: Filter
  /** Count by steps of so many nanoseconds. */
  step?: bigint
  /** Count up to so many lines. */
  limit?: number
  /** Only what they take on disk. */
  blocks?: boolean
}

const query =
  /^_time:\[(?<from>[^,]+),(?<to>[^)]+)\) \((?<filter>.*)\)(?: \| stats by \(_time:(?<step>\d+)ns\) count\(\) as lines, sum_len\(\*\) as bytes| \| limit (?<limit>\d+) \| count\(\) as lines|(?<blocks> \| block_stats \| stats sum\(values_bytes\) as values, sum\(dict_bytes\) as dictionaries, sum\(bloom_bytes\) as blooms))?$/s

/** The queries that we send, and no others. @throws Error in the server's words, as far as the recording shows them */
export function parseQuery(text: string, nanoOf: (time: string) => bigint): Parsed {
  const { from = '', to = '', filter = '', step, limit, blocks } = query.exec(text)?.groups ?? {}
  if (filter === '') {
    throw new Error(
      `cannot parse query [${text}]: cannot parse start time in _time filter: compound token cannot start with '('; context: [${text}]`,
    )
  }
  return {
    from: nanoOf(from),
    to: nanoOf(to),
    keeps: new Parser(filter).whole(),
    ...(step !== undefined && { step: BigInt(step) }),
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(blocks !== undefined && { blocks: true }),
  }
}

/** A filter without pipes. @throws Error likewise */
export function parseFilter(text: string): Filter {
  const [, filter, pipes] = /^(.*?)\s*\|\s*(.*)$/s.exec(text) ?? []
  if (pipes !== undefined) throw new Error(`unexpected pipes after the filter [${filter}]; pipes: [${pipes}]`)
  return new Parser(text).whole()
}

const token = /\s*("(?:[^"\\]|\\.)*"|[\w.@/-]+|:=|:~|[:(){}=,*])/y

/** `or` of sequences of `(…)`, `*`, `{label="value",…}`, `field:"phrase"`, `field:("phrase" or …)`, `field:="value"`, `field:~"pattern"`. */
class Parser {
  readonly #tokens: string[] = []
  #at = 0

  constructor(text: string) {
    token.lastIndex = 0
    for (let found = token.exec(text); found !== null; found = token.exec(text)) {
      this.#tokens.push(found[1] ?? '')
      if (token.lastIndex >= text.length) return
    }
    throw new Error(`cannot parse the filter [${text}]`)
  }

  whole(): Filter {
    const filter = this.#or(() => this.#and())
    if (this.#at < this.#tokens.length) throw new Error(`unexpected token "${this.#tokens[this.#at]}"`)
    return filter
  }

  #or(part: () => Filter): Filter {
    const parts = [part()]
    while (this.#takes('or')) parts.push(part())
    return (fields) => parts.some((filter) => filter(fields))
  }

  #and(): Filter {
    const parts = [this.#one()]
    while (this.#at < this.#tokens.length && !['or', ')'].includes(this.#tokens[this.#at] ?? '')) parts.push(this.#one())
    return (fields) => parts.every((filter) => filter(fields))
  }

  #one(): Filter {
    if (this.#takes('*')) return () => true
    if (this.#takes('(')) return this.#closed(() => this.#or(() => this.#and()))
    if (this.#takes('{')) return this.#labels()
    const field = unquoted(this.#next())
    const operator = this.#next()
    if (operator === ':' && this.#takes('(')) return this.#closed(() => this.#or(() => phrase(field, unquoted(this.#next()))))
    const value = unquoted(this.#next())
    if (operator === ':') return phrase(field, value)
    if (operator === ':=') return (fields) => (fields[field] ?? '') === value
    if (operator !== ':~') throw new Error(`unexpected token "${operator}"`)
    const [, flags = '', pattern = ''] = /^(?:\(\?([is]+)\))?(.*)$/s.exec(value) ?? []
    // Its `.` is a character, not half of one.
    const expression = new RegExp(pattern, `${flags}u`)
    return (fields) => expression.test(fields[field] ?? '')
  }

  #labels(): Filter {
    const pairs: [string, string][] = []
    do {
      const name = this.#next()
      this.#takes('=')
      pairs.push([name, unquoted(this.#next())])
    } while (this.#takes(','))
    this.#takes('}')
    return (fields) => pairs.every(([name, value]) => fields[name] === value)
  }

  #closed(parse: () => Filter): Filter {
    const filter = parse()
    if (!this.#takes(')')) throw new Error('missing ")"')
    return filter
  }

  #takes(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false
    this.#at++
    return true
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? ''
  }
}

/** Found where it is no part of a longer word. */
function phrase(field: string, text: string): Filter {
  const literal = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const expression = new RegExp(`(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`, 'u')
  return (fields) => expression.test(fields[field] ?? '')
}

function unquoted(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}
