import { refuseUnknownOptions, unexpected } from '../errors.js'
import { createRedactor, type RedactionRules, type Redactor } from './redactor.js'

/** What is hidden in lines and spans: keys and patterns, by default those that are secrets or personal in any service, and literals of SQL. */
export interface RedactOptions extends RedactionRules {
  /**
   * Whether the literals in the `db.query.text` (and `db.statement`) of spans are hidden. What stands in double quotes is a name, but in
   * MySQL, MariaDB and SQLite, by the span's `db.system.name`.
   *
   * @defaultValue true
   */
  sqlLiterals?: boolean
}

/** Compiled. */
export interface RedactSettings {
  readonly redactor: Redactor
  readonly sqlLiterals: boolean
}

/**
 * @returns `undefined` for `false`
 * @throws SpanlogError INVALID_OPTION
 */
export function redactSettings(option: unknown): RedactSettings | undefined {
  if (option === false) return undefined
  const options = option === true ? {} : option
  if (typeof options !== 'object' || options === null) throw unexpected('redact', 'a boolean or an object', option)
  refuseUnknownOptions('redact', options, ['keys', 'patterns', 'allow', 'replacement', 'sqlLiterals'])
  const { sqlLiterals = true, ...rules } = options as RedactOptions
  if (typeof sqlLiterals !== 'boolean') throw unexpected('sqlLiterals', 'a boolean', sqlLiterals)
  return { redactor: createRedactor(rules), sqlLiterals }
}
