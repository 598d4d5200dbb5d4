/** What varies from call to call: quoted text, UUIDs, long hex, numbers that stand alone. */
const literals =
  /'(?:[^'\\]|\\.|'')*'|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b|(?<![\w.$:])\d+(?:\.\d+)?(?![\w.])/gi

/** What a call is shows at its head; the search for quotes that nobody closed must not run through megabytes. */
const MAX_LENGTH = 2000

/** A call without its values: `SELECT * FROM item WHERE id = 17` and `… = 18` are one, as are `/item/17` and `/item/18`. */
export function shapeOf(text: string): string {
  // A list of values is one however long it is.
  return text
    .slice(0, MAX_LENGTH)
    .replace(literals, '?')
    .replace(/\?(?:\s*,\s*\?)+/g, '?')
}

export function hasLiteral(text: string): boolean {
  return text.slice(0, MAX_LENGTH).search(literals) !== -1
}
