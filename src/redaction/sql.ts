/**
 * One token a match: a comment, a text in single, dollar or double quotes, a number. Words, parameters (`$1`, `:name`, `@p1`, `?`) and
 * names in backticks or brackets are matched so as to be passed over; words that follow one another at once. What is not closed reaches to
 * the end, so a text that was cut is hidden as well; so does one with `\'`, which ends the text in one database and not in another. The
 * group is the tag of dollar quotes.
 */
const token =
  /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)|'(?:[^'\\]|''|\\\\|\\(?!'))*(?:'|\\'[\s\S]*$|$)|\$([A-Za-z_]\w*|)\$[\s\S]*?(?:\$\1\$|$)|"(?:[^"\\]|""|\\\\|\\(?!"))*(?:"|\\"[\s\S]*$|$)|`[^`]*(?:`|$)|\[[A-Za-z_][^\]]*\]|[$:@][\w$]+|[\p{L}_][\p{L}\p{N}_$]*(?:[\s,.()=*<>]+[\p{L}_][\p{L}\p{N}_$]*)*|(?:0[xX][\dA-Fa-f]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/gu

/**
 * A SQL text with `?` in the place of each literal, without comments: what the statement does, not whom it is about.
 *
 * @param doubleQuoted - what double quotes hold: names by the standard (the default), texts in MySQL's usual mode and, where no such
 *   column exists, in SQLite
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#sanitization-of-dbquerytext
 */
export function hideSqlLiterals(sql: string, doubleQuoted: 'names' | 'texts' = 'names'): string {
  return sql.replace(token, (match: string, tag: string | undefined) => {
    if (tag !== undefined) return '?'
    const first = match.charAt(0)
    if (first === '-' || first === '/') return ' '
    if (first === "'" || first === '.' || (first >= '0' && first <= '9')) return '?'
    return first === '"' && (doubleQuoted === 'texts' || match.length < 2 || !match.endsWith('"')) ? '?' : match
  })
}
