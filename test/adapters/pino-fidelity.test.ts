import { context, trace } from '@opentelemetry/api'
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import plain10, { type Logger, type LoggerOptions, stdSerializers } from 'pino'
import installed9 from 'pino9'
import { withSpan } from 'spanlog'
import { tracePino } from 'spanlog/instrument'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fidelity, forgetfulExporter } from '../support/fidelity.js'

// Their types differ in what no test uses.
const plain9 = installed9 as unknown as typeof plain10

beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(forgetfulExporter)] }).register())
afterAll(() => {
  trace.disable()
  context.disable()
})

const runs = fidelity('pino')
const names = ['trace_id', 'span_id', 'trace_flags'] as const

const key = fc.constantFrom('a', 'b', 'password', 'err', 'msg', 'level', 'time', 'pid', 'user', 'x"y', '__proto__', ...names)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.anything({ maxDepth: 1, withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
  fc.string({ unit: 'binary' }).map((message) => new RangeError(message)),
  fc.constant(undefined),
)
const object = fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
const message = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('%s and %d', '%j', '%o %%', 'line'))

const options: fc.Arbitrary<LoggerOptions<string>> = fc
  .record(
    {
      level: fc.constantFrom('trace', 'info', 'error'),
      name: fc.string(),
      base: fc.option(object, { nil: null }),
      nestedKey: fc.constantFrom('payload', 'a', 'trace_id'),
      messageKey: fc.constantFrom('message', 'a', 'span_id'),
      errorKey: fc.constantFrom('error', 'a'),
      msgPrefix: fc.constantFrom('[db] ', '"trace_id":'),
      crlf: fc.boolean(),
      depthLimit: fc.constantFrom(1, 5),
      edgeLimit: fc.constantFrom(1, 100),
      redact: fc.constantFrom<LoggerOptions['redact'][]>(
        ['password'],
        ['*'],
        ['*.password', 'err.message'],
        { paths: ['a', 'trace_id', 'user.x'], remove: true },
        { paths: ['b'], censor: () => 'hidden' },
      ),
      serializers: fc.constantFrom<LoggerOptions['serializers'][]>(
        { a: (given: unknown) => typeof given, trace_id: () => undefined },
        { err: stdSerializers.errWithCause, msg: (text: unknown) => `<${String(text)}>` },
      ),
      formatters: fc.record(
        {
          level: fc.constantFrom<(label: string, number: number) => object>(
            (label) => ({ severity: label }),
            (label, number) => ({ level: number, trace_flags: label }),
          ),
          bindings: fc.constantFrom<(bindings: object) => object>(
            (bindings) => ({ ...bindings, bound: 1 }),
            () => ({ span_id: 'bound' }),
          ),
          log: fc.constantFrom<(fields: object) => Record<string, unknown>>(
            (fields) => ({ fields }),
            (fields) => ({ ...fields, trace_id: 'formatted' }),
          ),
        },
        { requiredKeys: [] },
      ),
      mixin: fc.constantFrom<() => object>(
        () => ({ mixed: 1 }),
        () => ({ span_id: 'mixed' }),
        () => {
          throw new Error('mixin')
        },
      ),
      mixinMergeStrategy: fc.constantFrom<(merge: object, mixin: object) => object>((merge, mixin) => ({ ...merge, ...mixin })),
      timestamp: fc.constantFrom<(boolean | (() => string))[]>(
        false,
        () => ',"time":1700000000000',
        () => ',"time":1,"trace_id":"timed"',
        () => ',"nested":{"span_id":1}',
      ),
      customLevels: fc.constant({ audit: 35 }),
      onChild: fc.constantFrom<LoggerOptions<string>['onChild'][]>(
        (child) => {
          child.setBindings({ born: true })
        },
        (child) => {
          child.level = 'trace'
        },
        () => {
          throw new Error('onChild')
        },
      ),
      hooks: fc.constantFrom<LoggerOptions<string>['hooks'][]>(
        {
          logMethod(args, method) {
            method.apply(this, args)
          },
        },
        { streamWrite: (line) => line.replace('password', 'PASSWORD') },
      ),
    },
    { requiredKeys: [] },
  )
  // A clock of its own would differ from run to run.
  .map((chosen) => Object.assign({ timestamp: false }, chosen) as LoggerOptions<string>)

/** One call of a user's: on the logger or a child of it, with what a log method takes. */
const call = fc.record({
  children: fc.array(
    fc.tuple(
      object,
      fc.option(
        fc.record(
          {
            msgPrefix: fc.constant('child '),
            redact: fc.constant(['b']),
            level: fc.constant('trace'),
            serializers: fc.constant({ b: () => 'b' }),
          },
          { requiredKeys: [] },
        ),
        { nil: undefined },
      ),
    ),
    { maxLength: 2 },
  ),
  bind: fc.option(object, { nil: undefined }),
  level: fc.constantFrom('trace', 'info', 'error', 'audit'),
  args: fc.oneof(
    fc.tuple(message),
    fc.tuple(message, value, value),
    fc.tuple(object),
    fc.tuple(object, message, value),
    fc.tuple(fc.string().map((text) => new TypeError(text))),
    fc.tuple(fc.constantFrom(null, undefined), message),
    fc.tuple(value),
  ),
})
type Call = typeof call extends fc.Arbitrary<infer C> ? C : never

/** What each call wrote or threw. */
function play(make: () => { logger: Logger<string>; lines: string[] }, calls: readonly Call[]): string[] {
  let made: { logger: Logger<string>; lines: string[] }
  try {
    made = make()
  } catch (error) {
    return [`threw ${String(error)}`]
  }
  const { logger: root, lines } = made
  for (const { children, bind, level, args } of calls) {
    try {
      let logger = root
      for (const [bindings, childOptions] of children) logger = logger.child(bindings, childOptions as never)
      if (bind !== undefined) logger.setBindings(bind)
      ;(logger[level as 'info'] as ((...args: unknown[]) => void) | undefined)?.(...args)
    } catch (error) {
      lines.push(`threw ${String(error)}`)
    }
  }
  return lines
}

function keysOf(line: string): readonly string[] {
  try {
    return Object.keys(JSON.parse(line) as object)
  } catch {
    // Not even pino's own line is JSON; then a name counts that stands there as a key.
    return names.filter((name) => line.includes(`"${name}":`))
  }
}

describe.each([
  ['pino 10', plain10],
  ['pino 9', plain9],
])('whatever the options and the calls, a traced logger of %s', { timeout: 120_000 + runs.numRuns * 40 }, (_, pino) => {
  function maker(chosen: LoggerOptions<string>, traced: boolean) {
    return () => {
      const lines: string[] = []
      const logger = pino(chosen, { write: (line: string) => lines.push(line) })
      return { logger: traced ? tracePino(logger) : logger, lines }
    }
  }

  it('writes outside a trace byte for byte what pino writes', () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 4 }), (chosen, calls) => {
        expect(play(maker(chosen, true), calls)).toEqual(play(maker(chosen, false), calls))
      }),
      runs,
    )
  })

  it("writes inside a trace what pino writes and the three fields, in one piece, but for those that are the user's", () => {
    fc.assert(
      fc.property(options, fc.array(call, { maxLength: 4 }), (chosen, calls) => {
        const plain = play(maker(chosen, false), calls)
        const { traced, fields } = withSpan('all', (span) => {
          const { traceId, spanId } = span.spanContext()
          return { traced: play(maker(chosen, true), calls), fields: { trace_id: traceId, span_id: spanId, trace_flags: '01' } }
        })
        expect(traced).toHaveLength(plain.length)
        for (const [i, line] of plain.entries()) {
          const own = keysOf(line)
          const added = names
            .filter((name) => !own.includes(name))
            .map((name) => `,"${name}":"${fields[name]}"`)
            .join('')
          if (line.startsWith('threw ')) expect(traced[i]).toBe(line)
          else {
            expect(traced[i]).toContain(added)
            expect(traced[i]?.replace(added, '')).toBe(line)
          }
        }
      }),
      runs,
    )
  })
})
