/**
 * One token a match, by its group: a comment, a text in single, dollar or double quotes, a number. Words, parameters (`$1`, `:name`,
 * `@p1`, `?`) and names in backticks or brackets are matched so as to be passed over. What is not closed reaches to the end, so a text
 * that was cut is hidden as well; so does one with `\'`, which ends the text in one database and not in another.
 */
const token =
  /(?<comment>--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))|(?<text>'(?:[^'\\]|''|\\\\|\\(?!'))*(?:'|\\'[\s\S]*$|$))|(?<dollar>\$(?<tag>[A-Za-z_]\w*|)\$[\s\S]*?(?:\$\k<tag>\$|$))|(?<double>"(?:[^"\\]|""|\\\\|\\(?!"))*(?:"|\\"[\s\S]*$|$))|`[^`]*(?:`|$)|\[[A-Za-z_][^\]]*\]|[$:@][\w$]+|[\p{L}_][\p{L}\p{N}_$]*|(?<number>(?:0[xX][\dA-Fa-f]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))/gu

/**
 * A SQL text with `?` in the place of each literal, without comments: what the statement does, not whom it is about.
 *
 * @param doubleQuoted - what double quotes hold: names by the standard (the default), texts in MySQL's usual mode and, where no such
 *   column exists, in SQLite
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/#sanitization-of-dbquerytext
 */
export function hideSqlLiterals(sql: string, doubleQuoted: 'names' | 'texts' = 'names'): string {
  return sql.replace(token, (match: string, ...rest: unknown[]) => {
    const { comment, text, dollar, double, number } = rest.at(-1) as Record<string, string | undefined>
    if (comment !== undefined) return ' '
    if (text !== undefined || dollar !== undefined || number !== undefined) return '?'
    return double !== undefined && (doubleQuoted === 'texts' || match.length < 2 || !match.endsWith('"')) ? '?' : match
  })
}
