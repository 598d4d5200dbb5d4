/** A JSON object, its numbers exact; `undefined` where the text is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(keepDigits(text)) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** With what stands before a number: without it the digits of every ID would be looked at. True of a text inside, too. */
const mayHoldLongNumber = /[:,[\s-]\d[\d.]{15}/
const longNumber = /-?\d[\d.]{15,}(?:[eE][+-]?\d+)?/g

/** Puts numbers that a double cannot hold (nanoseconds, Datadog's IDs) into quotes, so that they stay what they are. */
function keepDigits(json: string): string {
  if (!mayHoldLongNumber.test(json)) return json
  let kept = ''
  for (let at = 0; at < json.length; ) {
    const opens = json.indexOf('"', at)
    const outside = json.slice(at, opens < 0 ? json.length : opens)
    kept += outside.length < 16 ? outside : outside.replace(longNumber, quoteInexact)
    if (opens < 0) break
    at = endOfString(json, opens) ?? json.length
    kept += json.slice(opens, at)
  }
  return kept
}

function quoteInexact(number: string): string {
  return String(Number(number)) === number ? number : `"${number}"`
}

/** The position after the quote that closes a string. */
export function endOfString(json: string, opens: number): number | undefined {
  for (let closes = json.indexOf('"', opens + 1); closes >= 0; closes = json.indexOf('"', closes + 1)) {
    let backslashes = 0
    while (json.charCodeAt(closes - 1 - backslashes) === 92) backslashes++
    if (backslashes % 2 === 0) return closes + 1
  }
  return undefined
}
