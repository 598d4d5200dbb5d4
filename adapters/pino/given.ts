/**
 * The fields of a line as its call gave them, where the line shows each of them plainly: then nothing was hidden, serialized or
 * formatted, and the text need not be parsed, which takes several times as long. Most lines are so.
 *
 * @param text - what was written behind the bindings
 * @returns `undefined` where only the text can tell: for an error or another object in it, what JSON escapes, redaction and the like
 */
export function givenFields(
  { object, message }: { object: unknown; message: unknown },
  { text, messageKey, end }: { text: string; messageKey: string; end: string },
): Record<string, unknown> | undefined {
  if (typeof message !== 'string' || typeof object !== 'object' || object === null) return undefined
  const fields = object as Record<string, unknown>
  let plain = ''
  try {
    for (const key of Object.keys(fields)) {
      const value = fields[key]
      // JSON has but one zero.
      if (key === messageKey || Object.is(value, -0)) return undefined
      if (typeof value === 'string') plain += `,"${key}":"${value}"`
      else if (typeof value === 'number' || typeof value === 'boolean') plain += `,"${key}":${value}`
      else return undefined
    }
  } catch {
    // A getter or a proxy that throws when it is read twice.
    return undefined
  }
  return `${plain},"${messageKey}":"${message}"${end}` === text ? fields : undefined
}
