const descriptions = {
  asJson: 'pino.asJson',
  bindings: 'pino.chindings',
  levelTexts: 'pino.lsCache',
  timeFunction: 'pino.time',
  lineEnd: 'pino.end',
  messageKey: 'pino.messageKey',
  errorKey: 'pino.errorKey',
  nestedKey: 'pino.nestedKey',
  formatters: 'pino.formatters',
  stringifiers: 'pino.stringifiers',
  stringifySafe: 'pino.stringifySafe',
  stream: 'pino.stream',
  setLevel: 'pino.setLevel',
  levelComparison: 'pino.levelComp',
} as const

/** pino's own symbols for what a logger holds. Each copy of pino has its own. */
export type Internals = Readonly<Record<keyof typeof descriptions, symbol>>

/** A logger by what it holds under the symbols. */
export type Logger = Record<symbol, unknown>

/** Builds the whole line, with its end. */
export type AsJson = (this: unknown, object: unknown, message: unknown, level: number, time: string) => string

// A hook is absent in pino 9.0 to 9.5, and its symbol is one of the few that are public.
export const hooksKey = Symbol.for('pino.hooks')

const known = new WeakMap<object, Internals>()

/**
 * The symbols of the copy of pino that a logger is from, read off the logger: with two versions in one process, or pino in a
 * bundle, its module is not the one that we could load.
 *
 * @returns `undefined` for what is no logger of pino 9 or 10
 */
export function internalsOf(logger: unknown): Internals | undefined {
  if (typeof logger !== 'object' || logger === null) return undefined
  const chain: object[] = []
  for (let object: object | null = logger; object !== null; object = Object.getPrototypeOf(object) as object | null) chain.push(object)
  // The last one is pino's prototype, which all loggers of the copy share: nearer to the logger somebody may have replaced it.
  const prototype = chain.findLast((object) => ownSymbol(object, descriptions.asJson) !== undefined)
  if (prototype === undefined) return undefined
  const found = known.get(prototype) ?? readSymbols(chain)
  if (found !== undefined) known.set(prototype, found)
  return found
}

function readSymbols(chain: readonly object[]): Internals | undefined {
  const symbols: Partial<Record<keyof typeof descriptions, symbol>> = {}
  for (const [name, description] of Object.entries(descriptions) as [keyof typeof descriptions, string][]) {
    const owner = chain.find((object) => ownSymbol(object, description) !== undefined)
    const symbol = owner && ownSymbol(owner, description)
    if (symbol === undefined) return undefined
    symbols[name] = symbol
  }
  return symbols as Internals
}

function ownSymbol(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description)
}
