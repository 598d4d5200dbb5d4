import { existsSync } from 'node:fs'
import { SpanlogError } from '../errors.js'
import { findTraceId, holdsTraceId } from './trace-id.js'

/** What the arguments that are no options say. */
export interface Positionals {
  traceId: string
  /** The files and folders among them: what the shell made of `-f *.log`. */
  files: string[]
}

/**
 * The words up to the trace ID are what was pasted, unless they name files; those behind it can only be files.
 *
 * @throws SpanlogError INVALID_TRACE_ID; INVALID_OPTION for no word, and for a word behind the ID that is no file
 */
export function readPositionals(words: readonly string[]): Positionals {
  if (words.every((word) => word.trim() === ''))
    throw new SpanlogError('INVALID_OPTION', 'Expected a trace ID, got none', { remedy: 'see spanlog --help, and spanlog find' })
  const pasted: string[] = []
  const files: string[] = []
  let found = false
  for (const word of words) {
    if (!found && holdsTraceId([...pasted, word].join(' '))) {
      found = true
      pasted.push(word)
    } else if (word === '-' || existsSync(word)) files.push(word)
    else if (!found) pasted.push(word)
    else {
      throw new SpanlogError('INVALID_OPTION', `Expected a file or folder behind the trace ID, got ${JSON.stringify(word)}`, {
        remedy: 'check its path; put quotes around a text that holds the trace ID',
      })
    }
  }
  return { traceId: findTraceId(pasted.join(' ')), files }
}
