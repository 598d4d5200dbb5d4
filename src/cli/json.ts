import { escapeJson } from '../view/terminal/text.js'

/** JSON that no terminal acts on; `bigint` as a decimal string. */
export function jsonText(value: unknown): string {
  return escapeJson(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)))
}
