import { readFile } from 'node:fs/promises'
import { SpanlogError } from '../errors.js'

/** What a JSON file holds. @throws SpanlogError FILE_UNREADABLE, FILE_MALFORMED */
export async function readJson(file: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new SpanlogError('FILE_UNREADABLE', `${file} could not be read`, { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SpanlogError('FILE_MALFORMED', `${file} is not JSON: ${(cause as Error).message}`, { cause, remedy: 'correct the file' })
  }
}
