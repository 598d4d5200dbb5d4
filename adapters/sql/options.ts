import { refuseUnknownOptions, unexpected } from '../../src/errors.js'

/** What the spans of a client's queries show, and what the database is told. */
export interface TraceSqlOptions {
  /** The text of a query: without its literals, as it is, or not at all. @defaultValue 'sanitized' */
  queryText?: 'sanitized' | 'raw' | false
  /**
   * Adds the trace to the text of each query, as sqlcommenter does: `SELECT 1 /*traceparent='00-…-01'*\/`, where the database's log
   * and its list of running queries show it. Not to prepared statements, whose texts would be another for each trace, nor to a text
   * that has a comment. @defaultValue false
   */
  comment?: boolean
}

const queryTexts: readonly unknown[] = [undefined, 'sanitized', 'raw', false] satisfies TraceSqlOptions['queryText'][] | undefined[]

/** @throws SpanlogError INVALID_OPTION */
export function checkSqlOptions(options: TraceSqlOptions): void {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('traceSql', options, ['queryText', 'comment'])
  const { queryText, comment } = options
  if (!queryTexts.includes(queryText)) throw unexpected('queryText', "'sanitized', 'raw' or false", queryText)
  if (comment !== undefined && typeof comment !== 'boolean') throw unexpected('comment', 'a boolean', comment)
}
