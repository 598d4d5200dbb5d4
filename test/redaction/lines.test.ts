import assert from 'node:assert'
import { Writable } from 'node:stream'
import { context, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import pino10 from 'pino'
import installed9 from 'pino9'
import { configure, withFields, withSpan, writeKeptLines } from 'spanlog'
import { tracePino, traceWinston } from 'spanlog/instrument'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import winston, { type Logform } from 'winston'
import { lineWriter } from '../../adapters/any-logger.js'

const pino9 = installed9 as unknown as typeof pino10
const { combine, errors, json, printf, splat } = winston.format
const card = '4111111111111111'
const address = 'ada@example.com'
const exporter = new InMemorySpanExporter()

beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register())
afterEach(() => {
  exporter.reset()
  configure({ redact: false, flightRecorder: false, fields: 'otel' })
})
afterAll(() => {
  trace.disable()
  context.disable()
})

type Make = (lines: string[]) => pino10.Logger | winston.Logger

const withPino =
  (pino: typeof pino10): Make =>
  (lines) =>
    tracePino(pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) }))

function withWinston(format: Logform.Format, ofTransport?: Logform.Format): Make {
  return (lines) => {
    const stream = new Writable({ decodeStrings: false, write: (line: string, _, done) => done(void lines.push(line)) })
    const transport = new winston.transports.Stream({ stream, eol: '\n', ...(ofTransport && { format: ofTransport }) })
    return traceWinston(winston.createLogger({ format, transports: transport }))
  }
}

const jsonLoggers: [string, Make][] = [
  ['pino 10', withPino(pino10)],
  ['pino 9', withPino(pino9)],
  ['winston', withWinston(combine(errors({ stack: true }), json()))],
  ["winston, by a transport's own format", withWinston(splat(), json())],
]

class Private {
  readonly #number = card
  toJSON(): object {
    return { number: this.#number }
  }
}

/** As formats of winston do it, where pino's serializers do it themselves. */
function shown(error: Error): Error {
  const { message, stack, cause } = error
  return Object.assign(error, { toJSON: () => ({ message, stack, cause }) })
}

describe.each(jsonLoggers)('what %s writes under `redact`', (_, make) => {
  function write(fields: object, message = 'line'): string {
    const lines: string[] = []
    lineWriter(make(lines))('info', fields, message)
    return lines.join('')
  }

  it.each<[what: string, fields: object, message?: string]>([
    ['a field by its name', { password: card }],
    ['a nested field by its name', { user: { apiKey: card } }],
    ['a field by what it says', { note: `card ${card}` }],
    ['a number', { number: Number(card) }],
    ['an item of a list', { all: [{ deep: [card] }] }],
    ['an error with its cause', { err: shown(new Error(`for ${card}`, { cause: shown(new TypeError(`of ${card}`)) })) }],
    ['what an object says of itself in JSON', { private: new Private() }],
    ['the message', {}, `card ${card} refused`],
  ])('hides %s', (__, fields, message) => {
    expect(write(fields, message)).toContain(card)
    configure({ redact: true })
    const line = write(fields, message)
    expect(line).not.toContain(card)
    expect(JSON.parse(line)).toBeTypeOf('object')
  })

  it('hides fields of the context', () => {
    configure({ redact: true })
    const line = withSpan('s', () => withFields({ password: 'x', mail: address }, () => write({})))
    expect(JSON.parse(line)).toMatchObject({ password: '[REDACTED]', mail: '[REDACTED]' })
  })

  it('changes no byte of a line that holds nothing to hide', () => {
    const fields = { id: 17, list: [1.5, null, { a: 'b' }], at: new Date(0), text: 'quoted "text"\n' }
    const plain = withSpan('s', () => write(fields))
    configure({ redact: true })
    expect(withSpan('s', () => write(fields)).replaceAll(/"[\da-f]{16,32}"/g, '""')).toBe(plain.replaceAll(/"[\da-f]{16,32}"/g, '""'))
  })

  it('hides what stands under a name, whatever is logged, and changes nothing else', () => {
    configure({ redact: { keys: ['planted'], patterns: [] } })
    // pino itself throws where a field is called `valueOf`.
    const name = fc.string().filter((one) => !/planted|level|message|msg|__proto__|valueOf/i.test(one))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 3 }),
      object: fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    }))
    const secret = fc.constantFrom<unknown>('opensesame', ['opensesame'], { a: { b: 'opensesame' } }, 'opensesame "\\ \n')
    const places: ((planted: unknown) => unknown)[] = [
      (planted) => ({ planted }),
      (planted) => [1, [{ a: { planted } }]],
      (planted) => JSON.stringify({ a: { planted } }),
      (planted) => JSON.stringify({ body: JSON.stringify([{ planted }]) }),
      (planted) => `said ${JSON.stringify({ planted, a: 1 }, undefined, 2)} "x"`,
    ]
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 3 }), secret, fc.constantFrom(...places), (fields, planted, place) => {
        const line = write({ ...fields, here: place(planted) })
        expect(line).not.toContain('opensesame')
        expect(JSON.parse(line)).toMatchObject(JSON.parse(JSON.stringify({ ...fields, here: place('[REDACTED]') })) as object)
      }),
      { numRuns: 60 },
    )
  })

  it("leaves the user's own object as it was", () => {
    configure({ redact: true })
    const user = { password: 'x', mail: address }
    const error = new Error(card)
    write({ user, err: error })
    expect([user, error.message]).toEqual([{ password: 'x', mail: address }, card])
  })

  it('mirrors what was written', () => {
    configure({ redact: true })
    const line = withSpan('s', () => write({ user: { password: 'x' }, number: card }, `to ${address}`))
    expect(line).toContain('to [REDACTED]')
    expect(exporter.getFinishedSpans()[0]?.events).toMatchObject([
      { name: 'to [REDACTED]', attributes: { 'user.password': '[REDACTED]', number: '[REDACTED]' } },
    ])
  })

  it('leaves the trace that the line belongs to, whatever its ID looks like', () => {
    configure({ redact: { keys: ['*id', '*number'] }, fields: 'datadog' })
    const line = withSpan('s', () => write({ number: 1, id: 2 }))
    expect(JSON.parse(line)).toMatchObject({ 'dd.trace_id': expect.stringMatching(/^\d+$/), number: '[REDACTED]', id: '[REDACTED]' })
  })

  it('hides by rules of one’s own, and leaves what they allow', () => {
    configure({ redact: { keys: ['iban'], patterns: [/K-\d+/], allow: ['ref'], replacement: '***' } })
    expect(JSON.parse(write({ iban: 1, ref: 'K-1', password: 'x' }, 'K-2 of K-3'))).toMatchObject({
      iban: '***',
      ref: 'K-1',
      password: 'x',
    })
  })

  it('keeps in the flight recorder what it would write', () => {
    configure({ redact: true, flightRecorder: true })
    const lines: string[] = []
    const log = lineWriter(make(lines))
    withSpan('s', () => {
      log('debug', { password: 'x', note: card }, `to ${address}`)
      writeKeptLines()
    })
    expect(JSON.parse(lines.join(''))).toMatchObject({ password: '[REDACTED]', note: '[REDACTED]' })
    expect(lines.join('')).not.toContain(address)
  })
})

describe('the option', () => {
  it.each([
    ['all', '`redact`'],
    [null, '`redact`'],
    [{ key: [] }, 'no option `key`'],
    [{ keys: 'password' }, '`redact.keys`'],
    [{ patterns: ['mail'] }, '`redact.patterns`'],
    [{ sqlLiterals: 1 }, '`sqlLiterals`'],
  ])('refuses %j, and stays what it was', (redact, told) => {
    configure({ redact: { keys: ['kept'] } })
    expect(() => configure({ redact: redact as never })).toThrow(told)
    const lines: string[] = []
    lineWriter(withPino(pino10)(lines))('info', { kept: 1 }, 'line')
    expect(JSON.parse(lines.join(''))).toMatchObject({ kept: '[REDACTED]' })
  })
})

describe('a text that winston lays out', () => {
  function write(format: Logform.Format, log: (logger: winston.Logger) => void): string {
    const lines: string[] = []
    configure({ redact: true })
    log(withWinston(format)(lines) as winston.Logger)
    return lines.join('')
  }

  it('hides fields by their names, which the text does not have', () => {
    const format = printf(({ message, user }) => `${String(message)} by ${(user as { password: string }).password}`)
    expect(write(format, (log) => log.info('paid', { user: { password: 'opensesame' } }))).toBe('paid by [REDACTED]\n')
  })

  it('hides what it puts together', () => {
    expect(
      write(
        combine(
          splat(),
          printf(({ message }) => String(message)),
        ),
        (log) => log.info('to %s@%s', 'ada', 'example.com'),
      ),
    ).toBe('to [REDACTED]\n')
  })

  it('hides what a format adds', () => {
    const adds = winston.format((info) => Object.assign(info, { password: 'opensesame' }))
    expect(JSON.parse(write(combine(adds(), json()), (log) => log.info('line')))).toMatchObject({ password: '[REDACTED]' })
  })

  it('hides in an error that is the line, and in its cause', () => {
    const format = combine(errors({ stack: true, cause: true }), json())
    const line = write(format, (log) => log.error(new Error(`no ${card}`, { cause: new Error(`for ${address}`) })))
    expect(line).toContain('no [REDACTED]')
    expect(line).not.toMatch(/4111|example\.com/)
  })

  it('hides what a format has frozen, and writes the line', () => {
    const freeze = winston.format((info) => Object.freeze(Object.assign(info, { password: 'opensesame' })))
    expect(JSON.parse(write(combine(json(), freeze()), (log) => log.info(`to ${address}`)))).toMatchObject({
      message: 'to [REDACTED]',
    })
  })

  it('writes a line that cannot be looked at without its text', () => {
    vi.spyOn(process, 'emitWarning').mockReturnValue()
    const broken = winston.format((info) => Object.defineProperty(info, 'x', { get: () => assert.fail('broken') }))
    expect(write(combine(json(), broken()), (log) => log.info(card))).toBe('[REDACTED]\n')
    vi.restoreAllMocks()
  })
})
