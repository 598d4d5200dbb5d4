import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect as jestExpect } from 'expect'
import { withSpan } from 'spanlog'
import pino from 'spanlog/pino'
import { recordTelemetry, type SpanlogMatchers, spanlogMatchers, type TelemetryRecorder } from 'spanlog/testing'
// oxlint-disable-next-line import/no-unassigned-import -- it extends `expect`
import 'spanlog/testing/vitest'
import type { Trace } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

let telemetry: TelemetryRecorder
beforeAll(() => {
  telemetry = recordTelemetry()
})
afterEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

class CardError extends Error {
  override readonly name = 'CardError'
}

/** A request with two calls of the database, and a card that is refused. */
function checkOut(): void {
  const log = pino({ name: 'shop' }, telemetry.stream)
  const work = (): void =>
    withSpan('POST /checkout', { kind: 'server', attributes: { 'http.route': '/checkout', cart: 3 } }, () => {
      log.info({ cart: 3 }, 'checking out')
      for (const id of [1, 2]) withSpan('SELECT', { kind: 'client', attributes: { id } }, () => undefined)
      withSpan('charge card', () => {
        log.warn('charging')
        throw new CardError('card refused')
      })
    })
  expect(work).toThrow('card refused')
}

function messageOf(assert: () => void): string {
  try {
    assert()
  } catch (error) {
    return (error as Error).message
  }
  return expect.fail('the assertion passed')
}

describe('toHaveSpan', () => {
  it.each<[what: string, expected: Parameters<SpanlogMatchers['toHaveSpan']>[0]]>([
    ['a name', 'charge card'],
    ['an expression', /^charge/],
    ['a kind and attributes among others', { kind: 'server', attributes: { 'http.route': '/checkout' } }],
    ['an asymmetric matcher', { name: 'SELECT', attributes: { id: expect.any(Number) } }],
    ['a status', { status: 'error', name: 'charge card' }],
    ['a parent by its name', { name: 'charge card', parent: 'POST /checkout' }],
    ['a number of spans', { name: 'SELECT', count: 2 }],
  ])('passes by %s', (_what, expected) => {
    checkOut()
    expect(telemetry).toHaveSpan(expected)
    expect(() => expect(telemetry).not.toHaveSpan(expected)).toThrow('Expected not to have')
  })

  it.each<[what: string, expected: Parameters<SpanlogMatchers['toHaveSpan']>[0], got: string]>([
    ['another name', 'charge', 'there are 0'],
    ['another attribute', { name: 'SELECT', attributes: { id: 3 } }, 'there are 0'],
    ['another number', { name: 'SELECT', count: 1 }, 'there are 2'],
    ['another parent', { name: 'SELECT', parent: 'charge card' }, 'there are 0'],
  ])('fails by %s, and prints the trace', (_what, expected, got) => {
    checkOut()
    const message = messageOf(() => expect(telemetry).toHaveSpan(expected))
    expect(message).toMatch(/^Expected (?:a|1) span/)
    expect(message).toContain(got)
    expect(message).toMatch(/POST \/checkout[\s\S]*checking out[\s\S]*charge card[\s\S]*CardError: card refused/)
  })

  it('says so where nothing was recorded', () => {
    expect(messageOf(() => expect(telemetry).toHaveSpan('x'))).toContain('no spans were recorded')
  })
})

describe('toHaveLog', () => {
  it('finds a line by message, level, fields and span', () => {
    checkOut()
    expect(telemetry).toHaveLog('checking out')
    expect(telemetry).toHaveLog({ message: /charg/, level: 'warn', span: 'charge card', service: 'shop' })
    expect(telemetry).toHaveLog({ fields: { cart: 3 }, count: 1 })
    expect(telemetry).not.toHaveLog('check')
    expect(telemetry).not.toHaveLog({ message: 'charging', level: 'info' })
  })

  it('is refused by what has no lines', () => {
    expect(() => expect({ traceId: 'a'.repeat(32), spans: [] }).toHaveLog('x')).toThrow(/something with lines/)
  })
})

describe('toHaveCorrelatedLogs', () => {
  it('passes where each line is of a recorded span', () => {
    checkOut()
    expect(telemetry).toHaveCorrelatedLogs()
  })

  it('names the line that is not', () => {
    checkOut()
    pino(telemetry.stream).info('outside')
    const message = messageOf(() => expect(telemetry).toHaveCorrelatedLogs())
    expect(message).toMatch(/these do not:\n {2}\{.*"msg":"outside"/)
    expect(message).toContain('lines without a recorded trace:')
  })

  it('fails without a line', () => {
    withSpan('work', () => undefined)
    expect(messageOf(() => expect(telemetry).toHaveCorrelatedLogs())).toContain('there is no line')
  })
})

describe('toHaveRecordedError', () => {
  it('finds an exception by type, message and span', () => {
    checkOut()
    expect(telemetry).toHaveRecordedError()
    expect(telemetry).toHaveRecordedError('CardError')
    expect(telemetry).toHaveRecordedError({ message: /refused/, span: 'charge card' })
    expect(telemetry).not.toHaveRecordedError('TypeError')
    expect(telemetry).not.toHaveRecordedError({ span: 'SELECT' })
  })
})

const span = (spanId: string, parentSpanId?: string, until = 1_000_000n): Trace['spans'][number] => ({
  traceId: '1'.repeat(32),
  spanId: spanId.repeat(16),
  ...(parentSpanId !== undefined && { parentSpanId: parentSpanId.repeat(16) }),
  name: spanId,
  service: 's',
  kind: 'internal',
  startUnixNano: 0n,
  endUnixNano: until,
  status: { code: 'unset' },
  attributes: {},
  resource: {},
  events: [],
  links: [],
})
const traceOf = (...spans: Trace['spans']): Trace => ({ traceId: '1'.repeat(32), spans })

describe('toHaveNoOrphanSpans', () => {
  it('passes for a whole trace, and names the orphan of one that is not', () => {
    checkOut()
    expect(telemetry).toHaveNoOrphanSpans()
    expect(messageOf(() => expect(traceOf(span('a'), span('b', 'c'))).toHaveNoOrphanSpans())).toMatch(/b, whose parent is c{16}/)
  })

  it('lets a trace come in from outside only if told so, and by one parent only', () => {
    expect(traceOf(span('a', 'f'))).not.toHaveNoOrphanSpans()
    expect(traceOf(span('a', 'f'), span('b', 'f'))).toHaveNoOrphanSpans({ incoming: true })
    expect(traceOf(span('a', 'f'), span('b', 'e'))).not.toHaveNoOrphanSpans({ incoming: true })
  })
})

describe('toHaveCriticalPathUnder', () => {
  it('compares with the time of the whole path', () => {
    const trace = traceOf(span('a', undefined, 3_000_000n), span('b', 'a', 2_000_000n))
    expect(trace).toHaveCriticalPathUnder(3.1)
    expect(messageOf(() => expect(trace).toHaveCriticalPathUnder(3))).toMatch(/got\n {2}3 ms:\n {4}2 ms s b\n {4}1 ms s a/)
  })

  it('fails without a trace', () => {
    expect(telemetry).not.toHaveCriticalPathUnder(1_000)
  })
})

describe('toHaveAtMostCalls', () => {
  it('counts the spans that fit', () => {
    checkOut()
    expect(telemetry).toHaveAtMostCalls(2, 'SELECT')
    expect(telemetry).toHaveAtMostCalls(0, { kind: 'producer' })
    expect(messageOf(() => expect(telemetry).toHaveAtMostCalls(1, { kind: 'client' }))).toContain('there are 2')
  })
})

describe('toHaveNoSensitiveData', () => {
  it('passes where there is none', () => {
    checkOut()
    expect(telemetry).toHaveNoSensitiveData()
  })

  it.each<[where: string, leak: () => void, found: RegExp]>([
    [
      'an attribute',
      () => withSpan('w', { attributes: { 'user.mail': 'ada@example.com' } }, () => undefined),
      /attributes\.user\.mail \(email\)/,
    ],
    ['an event', () => withSpan('w', (s) => void s.addEvent('e', { password: 'p' })), /events\[0\]\.attributes\.password \(key\)/],
    ['the name of a span', () => withSpan('GET https://u:p@host/', () => undefined), /name \(url-credentials\)/],
    ['a field of a line', () => pino(telemetry.stream).info({ card: '4111111111111111' }, 'paid'), /line "paid"\.card \(card\)/],
    ['a line of text', () => void telemetry.stream.write('got Bearer abcdefgh12345\n'), /\(authorization\)/],
  ])('finds it in %s', (_where, leak, found) => {
    leak()
    expect(messageOf(() => expect(telemetry).toHaveNoSensitiveData())).toMatch(found)
  })

  it('goes by rules of one’s own', () => {
    withSpan('order ORD-7', () => undefined)
    expect(telemetry).toHaveNoSensitiveData()
    expect(telemetry).not.toHaveNoSensitiveData({ patterns: [/ORD-\d+/] })
  })
})

describe('with Jest', () => {
  it('the matchers extend its expect, and fail with their own messages', () => {
    checkOut()
    jestExpect.extend(spanlogMatchers)
    const asked = jestExpect(telemetry) as unknown as SpanlogMatchers & { not: SpanlogMatchers }
    asked.toHaveSpan({ name: 'SELECT', attributes: { id: jestExpect.any(Number) }, count: 2 })
    asked.not.toHaveSpan('charge')
    expect(messageOf(() => asked.toHaveLog('x'))).toMatch(/^Expected a line[\s\S]*POST \/checkout/)
  })

  it('the entry extends the global expect', async () => {
    const script = `globalThis.expect = require('expect').expect; require('spanlog/testing/jest'); expect({ traceId: '', spans: [] }).toHaveSpan('x')`
    const failing = promisify(execFile)(process.execPath, ['-e', script], { cwd: import.meta.dirname })
    await expect(failing).rejects.toThrow(/Expected a span like \{ name: "x" \}; there are 0/)
  })
})

describe('wrong use', () => {
  it.each<[what: string, assert: () => void, message: RegExp]>([
    ['a subject that is none', () => expect(7).toHaveSpan('x'), /recorder of recordTelemetry.*got 7/],
    ['an unknown key', () => expect(telemetry).toHaveSpan({ nam: 'x' } as never), /toHaveSpan.*name, service.*"nam"/],
    ['a negative count', () => expect(telemetry).toHaveLog({ count: -1 }), /toHaveLog\.count/],
    ['a path of no time', () => expect(telemetry).toHaveCriticalPathUnder(0), /positive number of milliseconds/],
    ['a fraction of a call', () => expect(telemetry).toHaveAtMostCalls(0.5, 'x'), /whole number/],
  ])('is refused: %s', (_what, assert, message) => {
    expect(assert).toThrow(message)
  })

  it('of the entry for Jest is told: there is no global expect', async () => {
    const failing = promisify(execFile)(process.execPath, ['-e', "require('spanlog/testing/jest')"], { cwd: import.meta.dirname })
    await expect(failing).rejects.toThrow(/global `expect` of Jest[\s\S]*setupFilesAfterEnv/)
  })
})
