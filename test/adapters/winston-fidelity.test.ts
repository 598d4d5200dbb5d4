import { Writable } from 'node:stream'
import { types } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import { withSpan } from 'spanlog'
import { traceWinston } from 'spanlog/instrument'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import winston, { type Logform, type Logger } from 'winston'
import { state } from '../../src/context/state.js'
import { fidelity, forgetfulExporter } from '../support/fidelity.js'

beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(forgetfulExporter)] }).register())
afterAll(() => {
  trace.disable()
  context.disable()
})
// No spies, which would keep each of the thousands of calls.
const { error: printError } = console
// winston says there what it thinks of unknown levels.
beforeEach(() => {
  console.error = () => {}
  // A profile's duration would differ from run to run.
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  console.error = printError
  vi.useRealTimers()
})

const runs = fidelity('winston')
const names = ['trace_id', 'span_id', 'trace_flags'] as const
const {
  align,
  cli,
  colorize,
  combine,
  errors,
  json: jsonFormat,
  label,
  logstash,
  metadata,
  ms: _,
  padLevels,
  prettyPrint,
  printf,
  simple,
  splat,
  uncolorize,
} = winston.format

const key = fc.constantFrom(
  'a',
  'b',
  'password',
  'level',
  'message',
  'stack',
  'splat',
  'timestamp',
  'user',
  'x"y',
  '__proto__',
  'toString',
  ...names,
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.anything({ maxDepth: 1, withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  fc.string({ unit: 'binary' }).map((text) => new RangeError(text)),
  fc.constant(undefined),
)
const object = fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as Record<string, unknown>)
const message = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('%s and %d', '%j', '%o %%', 'line'))
const error = fc.tuple(fc.string(), object).map(([text, fields]) => {
  const made = new TypeError(text)
  for (const [name, of] of Object.entries(fields))
    if (name !== 'stack' && name !== 'message' && name !== '__proto__') made[name as 'name'] = of as string
  return made
})

/** Each makes a new format, since winston's may keep what they are given. */
const step = fc.constantFrom<[string, () => Logform.Format][]>(
  ['errors', () => errors()],
  ['errors with stack and cause', () => errors({ stack: true, cause: true })],
  ['splat', () => splat()],
  ['label', () => label({ label: 'shop', message: true })],
  ['metadata', () => metadata()],
  ['colours', () => colorize({ all: true })],
  ['no colours', () => uncolorize()],
  ['padding', () => padLevels()],
  ['alignment', () => align()],
  ['masking', () => winston.format((info) => (info.password === undefined ? info : Object.assign(info, { password: '***' })))()],
  ['a copy', () => winston.format((info) => ({ ...info, copied: true }))()],
  ['a filter', () => winston.format((info) => (info.a === 1 ? false : info))()],
)
const last = fc.constantFrom<[string, () => Logform.Format][]>(
  ['json', () => jsonFormat()],
  ['json in the order of the keys', () => jsonFormat({ deterministic: false })],
  ['indented json', () => jsonFormat({ space: 2 })],
  ['simple', () => simple()],
  ['cli', () => cli()],
  ['logstash', () => logstash()],
  ['pretty', () => prettyPrint()],
  ['a layout', () => printf((info) => `${info.level} ${String(info.message)} ${String(info.a)} ${String(info.stack).slice(0, 20)}`)],
)
const format = fc.option(fc.tuple(fc.array(step, { maxLength: 3 }), last), { nil: undefined })
type Format = typeof format extends fc.Arbitrary<infer F> ? F : never

const options = fc.record({
  level: fc.constantFrom('error', 'info', 'silly', undefined),
  levels: fc.constantFrom(undefined, undefined, { error: 0, warn: 1, info: 2, loud: 3 }),
  silent: fc.constantFrom(false, false, false, true, undefined),
  format,
  defaultMeta: fc.option(object, { nil: undefined }),
  transports: fc.array(fc.record({ format, level: fc.constantFrom(undefined, undefined, 'error', 'silly') }), {
    minLength: 1,
    maxLength: 3,
  }),
})
type Options = typeof options extends fc.Arbitrary<infer O> ? O : never

// Spread, since assigning would make a prototype of what is called __proto__.
const atLevel = (info: object) => ({ ...info, level: 'info' })
const asInfo = (info: object) => ({ level: 'info', message: 'an info', ...info })
const writingJson = (chosen: Options): Options => ({ ...chosen, format: undefined, transports: [{ format: undefined, level: undefined }] })

const call = fc.record({
  children: fc.array(object, { maxLength: 2 }),
  log: fc.oneof(
    fc.tuple(
      fc.constantFrom('info', 'error', 'silly'),
      fc.oneof(
        fc.tuple(message),
        fc.tuple(message, value),
        fc.tuple(message, value, object),
        fc.tuple(object),
        fc.tuple(error),
        fc.tuple(message, error),
        fc.tuple(value),
        fc.constant([]),
      ),
    ),
    fc.tuple(
      fc.constant('log'),
      fc.oneof(
        fc.tuple(fc.constantFrom('info', 'loud'), fc.oneof(message, object, error, value)),
        fc.tuple(fc.constant('warn'), message, value, value),
        fc.tuple(object.map(asInfo)),
      ),
    ),
    // The same twice: begun, and ended.
    fc.tuple(fc.constant('profile'), fc.oneof(fc.tuple(fc.constantFrom('a', 'b')), fc.tuple(fc.constantFrom('a', 'b'), object))),
    fc.tuple(
      fc.constant('write'),
      fc.tuple(
        fc.oneof(
          object.map(atLevel),
          error.map((made) => Object.assign(made, { level: 'warn' })),
        ),
      ),
    ),
  ),
})
type Call = typeof call extends fc.Arbitrary<infer C> ? C : never

function build(chosen: Format): Logform.Format | undefined {
  return chosen && combine(...chosen[0].map(([, make]) => make()), chosen[1][1]())
}

/** What each transport wrote, and what each call threw. */
function play(wrap: (logger: Logger) => Logger, chosen: Options, calls: readonly Call[]): string[][] {
  const outputs: string[][] = chosen.transports.map(() => [])
  const thrown: string[] = []
  const transports = chosen.transports.map((one, i) => {
    const stream = new Writable({
      decodeStrings: false,
      write(line: string, __, done) {
        outputs[i]?.push(line)
        done()
      },
    })
    const formatOfOne = build(one.format)
    return new winston.transports.Stream({
      stream,
      eol: '',
      ...(one.level && { level: one.level }),
      ...(formatOfOne && { format: formatOfOne }),
    })
  })
  const formatOfAll = build(chosen.format)
  const logger = wrap(
    winston.createLogger({
      ...(chosen.level && { level: chosen.level }),
      ...(chosen.levels && { levels: chosen.levels }),
      ...(chosen.silent !== undefined && { silent: chosen.silent }),
      ...(formatOfAll && { format: formatOfAll }),
      ...(chosen.defaultMeta && { defaultMeta: anew(chosen.defaultMeta) }),
      transports,
    }),
  )
  logger.on('error', () => {})
  for (const { children, log } of calls) {
    const [method, args] = log as [string, unknown[]]
    try {
      let one = logger
      for (const meta of children) one = one.child(anew(meta))
      ;(one[method as 'info'] as (...given: unknown[]) => unknown)(...args.map(anew))
    } catch (fault) {
      thrown.push(String(fault))
    }
  }
  return [...outputs, thrown]
}

/** winston changes the objects that it is given: each run needs its own. */
function anew<T>(given: T): T {
  if (typeof given !== 'object' || given === null) return given
  if (Array.isArray(given)) return given.map(anew) as T
  if (given instanceof Map) return new Map(given) as T
  if (given instanceof Date) return new Date(given.getTime()) as T
  const prototype: unknown = Object.getPrototypeOf(given)
  if (!(given instanceof Error) && prototype !== null && prototype !== Object.prototype) return given
  const properties: PropertyDescriptorMap = Object.create(null) as PropertyDescriptorMap
  for (const name of Reflect.ownKeys(given) as string[]) {
    // Of an error newer versions of Node make the stack by a getter.
    const { enumerable, configurable } = Object.getOwnPropertyDescriptor(given, name) as Required<PropertyDescriptor>
    properties[name] = { enumerable, configurable, writable: true, value: anew(Reflect.get(given, name) as unknown) }
  }
  return Object.create(prototype as object | null, properties) as T
}

/** What each line should hold: the fields, unless the user has them, at the end of the info, whose owner is not asked. */
function addInPlace(logger: Logger, fields: Readonly<Record<string, string>>): Logger {
  const write = logger.write.bind(logger) as (info: unknown) => boolean
  logger.write = (info: Record<string, unknown>) => {
    const isInfo = typeof info === 'object' && info !== null && !Array.isArray(info) && !types.isDate(info)
    if (isInfo) for (const name of names) if (!Object.hasOwn(info, name) || info[name] === undefined) info[name] = fields[name]
    return write(info)
  }
  return logger
}

describe('whatever the options and the calls, a traced logger of winston', { timeout: 120_000 + runs.numRuns * 40 }, () => {
  it('writes outside a trace byte for byte what winston writes', () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 4 }), (chosen, calls) => {
        expect(play(traceWinston, chosen, calls)).toEqual(play((logger) => logger, chosen, calls))
      }),
      runs,
    )
    expectNoFaults()
  })

  it("writes inside a trace what winston writes of infos with the three fields, but for those that are the user's", () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 4 }), (chosen, calls) => {
        withSpan('all', (span) => {
          const { traceId, spanId } = span.spanContext()
          const fields = { trace_id: traceId, span_id: spanId, trace_flags: '01' }
          expect(play(traceWinston, chosen, calls)).toEqual(play((logger) => addInPlace(logger, fields), chosen, calls))
        })
      }),
      runs,
    )
    expectNoFaults()
  })

  it('writes inside a trace JSON lines that have the three fields, and without them are those of winston', () => {
    const plainOptions = options.map(writingJson)
    fc.assert(
      fc.property(plainOptions, fc.array(call, { maxLength: 4 }), (chosen, calls) => {
        const [plain = [], plainThrown] = play((logger) => logger, chosen, calls)
        const [traced = [], thrown] = withSpan('all', () => play(traceWinston, chosen, calls))
        expect(thrown).toEqual(plainThrown)
        expect(traced).toHaveLength(plain.length)
        for (const [i, line] of traced.entries()) {
          const own = parse(plain[i])
          const all = parse(line)
          if (all === undefined || own === undefined) {
            expect(line).toBe(plain[i])
            continue
          }
          expect(Object.keys(all)).toEqual(expect.arrayContaining([...names]))
          expect(Object.entries(all).filter(([name]) => !isName(name) || name in own)).toEqual(Object.entries(own))
        }
      }),
      runs,
    )
    expectNoFaults()
  })
})

function isName(name: string): boolean {
  return (names as readonly string[]).includes(name)
}

/** @returns `undefined` for what is no line of fields: an array or a date given as an info */
function parse(line: string | undefined): object | undefined {
  const json: unknown = JSON.parse(line ?? '')
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
}

/** The mirror took its part of each line as well. */
function expectNoFaults(): void {
  expect([...state.warned]).toEqual([])
}
