import { isNameOfItem } from '../../src/redaction/items.js'
import { keyVerdicts, usualKeys } from '../../src/redaction/keys.js'
import { hideNamed } from '../../src/redaction/named.js'
import { type Pattern, type PatternName, patterns } from '../../src/redaction/patterns.js'
import { withoutEscapes } from '../../src/redaction/text-rules.js'
import { looksSecret } from '../../src/redaction/words.js'

// What redaction says, without what makes it fast: each pattern searches each text, and a line is gone through token by token.

const maxDepth = 16

export function referenceOf({ names, replacement = '[REDACTED]' }: { names: readonly PatternName[]; replacement?: string }) {
  const verdict = keyVerdicts(usualKeys, [])
  const isRuled = (name: string): boolean => verdict(name) !== undefined
  const isHidden = (name: string, token: string): boolean =>
    verdict(name) === 'hidden' || (verdict(name) === 'doubtful' && token.startsWith('"') && looksSecret(said(token)))
  return { text, line }

  function text(given: string): string {
    const plain = withoutEscapes(given)
    let shown = hideNamed(plain, { verdict, replacement })
    for (const name of names) {
      const { expression, keep, is }: Pattern = patterns[name]
      shown = shown.replace(expression, (match: string, ...groups: (string | undefined)[]) => {
        if (is?.(match) === false) return match
        const before = keep?.before === undefined ? '' : (groups[keep.before - 1] ?? '')
        const behind = keep?.behind === undefined ? '' : (groups[keep.behind - 1] ?? '')
        return before + replacement + behind
      })
    }
    return shown === plain ? given : shown
  }

  function line(json: string): string {
    if (!json.startsWith('{')) return text(json)
    const open: { isObject: boolean; name: string; first: number }[] = []
    let shown = ''
    let copied = 0
    let key = ''
    let isKeyNext = false
    const tokens = tokensOf(json)
    for (let i = 0; i < tokens.length; i++) {
      const { token, from, end } = tokens[i] as Token
      const around = open.at(-1)
      if (token === ':') continue
      if (token === ',') isKeyNext = around?.isObject === true
      else if (token === '}' || token === ']') {
        open.pop()
        if (open.length === 0) return shown + json.slice(copied, end) + text(json.slice(end))
      } else if (token.startsWith('"') && isKeyNext) {
        key = said(token)
        isKeyNext = false
        if (text(key) === key) continue
        shown += json.slice(copied, from) + JSON.stringify(text(key))
        copied = end
      } else {
        const opens = token === '{' || token === '['
        const behindIt = tokens[opens ? closing(tokens, i) + 1 : i + 1]?.token
        const name = nameFor({ around, key, isLast: behindIt === undefined || behindIt === ']', tokens, i, isRuled })
        let by: string | undefined
        let last = i
        if (isHidden(name, token) || (opens && open.length >= maxDepth)) {
          if (opens) last = closing(tokens, i)
          if (!token.startsWith('null')) by = replacement
        } else if (opens) {
          open.push({ isObject: token === '{', name, first: i })
          isKeyNext = token === '{'
        } else if (/^["\d-]/.test(token)) {
          if (text(said(token)) !== said(token)) by = text(said(token))
        } else if (!['true', 'false', 'null'].includes(token)) {
          return shown + json.slice(copied, from) + text(json.slice(from))
        }
        const to = last < tokens.length ? (tokens[last] as Token).end : json.length
        if (by !== undefined) {
          shown += json.slice(copied, from) + JSON.stringify(by)
          copied = to
        }
        if (last >= tokens.length) return shown + json.slice(Math.max(copied, to))
        i = last
      }
    }
    const end = tokens.at(-1)?.end ?? 0
    const rest = json.slice(end)
    const [, space = '', quote] = /^([\0-\x20]*)(")?/.exec(rest) ?? []
    if (quote !== undefined && !isKeyNext && open.length > 0) {
      const broken = rest.slice(space.length)
      const name = nameFor({ around: open.at(-1), key, isLast: true, tokens, i: tokens.length, isRuled, broken })
      if (isHidden(name, `${broken}"`)) return shown + json.slice(copied, end) + space + JSON.stringify(replacement)
    }
    return shown + json.slice(copied, end) + text(rest)
  }
}

/** A list's own name, or, in a pair, a list of headers or arguments, the text before; of an item's value how the item is called. */
function nameFor({ around, key, isLast, tokens, i, isRuled, broken }: Named): string {
  if (around === undefined) return key
  if (around.isObject) return /values?$/i.test(key) ? (called(around.first + 1, tokens, isRuled) ?? key) : key
  let place = 0
  for (let at = around.first + 1, depth = 0; at < i; at++) {
    const { token } = tokens[at] as Token
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (token === ',' && depth === 0) place++
  }
  const before = tokens[i - 2]?.token ?? ''
  const own = tokens[i]?.token ?? broken ?? ''
  if (tokens[i - 1]?.token === ',' && before.startsWith('"--') && own.startsWith('"') && !own.startsWith('"--')) return said(before)
  const isPair = (place === 1 && isLast) || /(?:headers?|trailers?|metadata)$/i.test(around.name)
  return place % 2 === 1 && isPair && before.startsWith('"') && said(before).length <= 100 ? said(before) : around.name
}

interface Named {
  around: { isObject: boolean; name: string; first: number } | undefined
  key: string
  isLast: boolean
  tokens: readonly Token[]
  i: number
  isRuled: (name: string) => boolean
  broken?: string
}

/** What the first member says that names the item by a name that is ruled. */
function called(from: number, tokens: readonly Token[], isRuled: (name: string) => boolean): string | undefined {
  let key: string | undefined
  let isKeyNext = true
  for (let at = from; at < tokens.length; at++) {
    const { token } = tokens[at] as Token
    if (token === '}') return undefined
    if (token === '{' || token === '[') at = closing(tokens, at)
    else if (token === ',') isKeyNext = true
    else if (token.startsWith('"') && isKeyNext) {
      key = said(token)
      isKeyNext = false
    } else if (token.startsWith('"') && key !== undefined && isNameOfItem(key) && said(token).length <= 100 && isRuled(said(token)))
      return said(token)
  }
  return undefined
}

interface Token {
  token: string
  from: number
  end: number
}

function tokensOf(json: string): Token[] {
  const tokens: Token[] = []
  // oxlint-disable-next-line no-control-regex -- what JSON takes for space, and other controls
  const token = /[\0-\x20]*("(?:[^"\\]|\\[^])*"|[{}[\],:]|[^\0-\x20{}[\],:"][^\0-\x20{}[\],:"]*)/y
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    const [, text = ''] = found
    tokens.push({ token: text, from: token.lastIndex - text.length, end: token.lastIndex })
  }
  return tokens
}

/** @returns the token that closes the bracket at `from`; behind all, where there is none */
function closing(tokens: readonly Token[], from: number): number {
  let depth = 0
  for (let i = from; i < tokens.length; i++) {
    const { token } = tokens[i] as Token
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth === 0) return i
  }
  return tokens.length
}

function said(token: string): string {
  if (!token.startsWith('"')) return token
  try {
    return JSON.parse(token) as string
  } catch {
    return token.slice(1, -1)
  }
}
