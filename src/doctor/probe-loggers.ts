import type { AsyncLocalStorage } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import Module from 'node:module'
import path from 'node:path'
import type { ProcessFacts } from './facts.js'

type Seen = Pick<ProcessFacts, 'unreached' | 'lines' | 'made'>
type Unreached = ProcessFacts['unreached'][number]

interface Context {
  getValue?(key: symbol): { spanContext?(): { traceId?: string } } | undefined
}

const brand = Symbol.for('spanlog.traced')
const mostPlaces = 100

/**
 * Looks on while loggers write: those of pino from 9.10 on by its diagnostics channel, those of winston when they are made.
 *
 * @returns what was seen until now
 */
export function observeLoggers(): () => Seen {
  const lines = { aware: 0, others: 0 }
  let made = 0
  const ofPino = new Map<string, Unreached>()
  const places = new WeakMap<object, string>()
  const reached = new WeakSet<object>()
  const ofWinston: { logger: WeakRef<object>; place: string }[] = []

  diagnostics.subscribe('tracing:pino_asJson:end', (message) => {
    const { instance, result } = message as { instance?: object; result?: unknown }
    if (instance === undefined || typeof result !== 'string') return
    const isAware = brand in instance
    lines[isAware ? 'aware' : 'others']++
    const traceId = activeTraceId()
    // Another's instrumentation has put it in, or the service itself.
    if (isAware || (traceId !== undefined && result.includes(traceId))) {
      for (const one of ancestry(instance)) {
        reached.add(one)
        // It may have written before it was reached.
        const place = places.get(one) ?? ''
        if (ofPino.get(place)?.linesInTrace === 0) ofPino.delete(place)
      }
      return
    }
    if (traceId === undefined && ancestry(instance).some((one) => reached.has(one) || hasMixin(one))) return
    const place = places.get(instance) ?? callerOf()
    places.set(instance, place)
    const known = ofPino.get(place) ?? { logger: 'pino', place, lines: 0, linesInTrace: 0 }
    if (ofPino.size < mostPlaces) ofPino.set(place, known)
    known.lines = (known.lines ?? 0) + 1
    if (traceId !== undefined) known.linesInTrace = (known.linesInTrace ?? 0) + 1
  })
  watchWinston((logger) => {
    made++
    if (ofWinston.length < mostPlaces) ofWinston.push({ logger: new WeakRef(logger), place: callerOf() })
  })

  return () => ({ lines: { ...lines }, made, unreached: [...ofPino.values(), ...ofWinston.flatMap(unreachedOf)] })
}

/** A logger of pino and those that it is a child of, without the prototype that all loggers share. */
function ancestry(instance: object): object[] {
  const loggers: object[] = []
  let one: object | null = instance
  for (; one !== null && ownOfPino(one, 'chindings') !== undefined; one = Object.getPrototypeOf(one) as object | null) loggers.push(one)
  return loggers
}

/** By which instrumentations put IDs into lines: what it adds is seen in a trace only. */
function hasMixin(logger: object): boolean {
  return typeof ownOfPino(logger, 'mixin') === 'function'
}

/** Its symbols belong to each copy of pino. */
function ownOfPino(logger: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(logger).find(({ description }) => description === `pino.${name}`)
  return symbol === undefined ? undefined : ownValue(logger, symbol)
}

function unreachedOf({ logger, place }: { logger: WeakRef<object>; place: string }): Unreached[] {
  const alive: { write?: { __wrapped?: boolean } } | undefined = logger.deref()
  return alive === undefined || brand in alive || alive.write?.__wrapped === true ? [] : [{ logger: 'winston', place }]
}

/** A logger is configured once when it is made; what it does is not touched. */
function watchWinston(made: (logger: object) => void): void {
  const loader = Module as unknown as { _load(this: unknown, ...args: unknown[]): unknown }
  const seen = new WeakSet<object>()
  // oxlint-disable-next-line typescript/unbound-method -- called with the `this` that it is given
  const load = loader._load
  loader._load = function (...args) {
    const exported = load.apply(this, args)
    if (/(?:^|[/\\])winston(?:[/\\]lib[/\\]winston\.js)?$/.test(String(args[0]))) {
      const Logger: unknown = ownValue(exported, 'Logger')
      const prototype = typeof Logger === 'function' ? (ownValue(Logger, 'prototype') as Record<string, unknown> | undefined) : undefined
      const configure = prototype?.['configure']
      if (prototype !== undefined && typeof configure === 'function' && !seen.has(prototype)) {
        seen.add(prototype)
        prototype['configure'] = function (this: object, ...given: unknown[]): unknown {
          made(this)
          return Reflect.apply(configure, this, given)
        }
      }
    }
    return exported
  }
}

function ownValue(object: unknown, name: string | symbol): unknown {
  return typeof object === 'object' || typeof object === 'function'
    ? (Object.getOwnPropertyDescriptor(object ?? {}, name)?.value as unknown)
    : undefined
}

const globals = globalThis as {
  [key: symbol]: { context?: { active?(): Context }; storage?: AsyncLocalStorage<Context> } | undefined
}
const [apiKey, ourKey, spanKey] = [
  Symbol.for('opentelemetry.js.api.1'),
  Symbol.for('spanlog.1'),
  Symbol.for('OpenTelemetry Context Key SPAN'),
]

function activeTraceId(): string | undefined {
  const contexts = [globals[apiKey]?.context?.active?.(), globals[ourKey]?.storage?.getStore()]
  for (const context of contexts) {
    const traceId = context?.getValue?.(spanKey)?.spanContext?.().traceId
    // Without a provider spans have an ID of zeros.
    if (traceId !== undefined && !/^0*$/.test(traceId)) return traceId
  }
  return undefined
}

const installed = `${path.sep}node_modules${path.sep}`

/** The nearest place in a file of the program's own. */
function callerOf(): string {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const { stack = '' } = new Error('where')
  Error.stackTraceLimit = limit
  const rows = stack.split('\n').slice(1)
  const own = rows.find((row) => !row.includes(installed) && !row.includes('node:') && !row.includes(__dirname))
  return /\(?((?:file:\/\/)?[^\s()]+:\d+):\d+\)?$/.exec(own ?? '')?.[1]?.replace('file://', '') ?? 'a file of a package'
}
