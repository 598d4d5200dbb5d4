import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSpanId, isTraceId, newSpanId, newTraceId, parseTraceId } from '../../src/context/ids.js'
import { formatTraceparent, parseTraceparent } from '../../src/context/traceparent.js'
import { parseTracestate } from '../../src/context/tracestate.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const base = `00-${traceId}-${spanId}`

describe('traceparent, as W3C Trace Context level 2 has it', () => {
  it.each([
    ['is read with the sampled flag', `${base}-01`, 1],
    ['is read without flags', `${base}-00`, 0],
    ['keeps the random flag', `${base}-02`, 2],
    ['loses flags that level 2 does not know', `${base}-ff`, 3],
    ['of a future version is read by the rules of 00', `cc-${traceId}-${spanId}-01`, 1],
    ['of a future version may carry more after a dash', `cc-${traceId}-${spanId}-01-what-the-future-brings`, 1],
  ])('%s', (_, header, traceFlags) => {
    expect(parseTraceparent(header)).toEqual({ traceId, spanId, traceFlags })
  })

  it.each([
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['version 00 with more after the flags', `${base}-01-more`],
    ['version 00 with a dash after the flags', `${base}-01-`],
    ['a future version that goes on without a dash', `cc-${traceId}-${spanId}-01more`],
    ['upper case in the trace ID', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['upper case in the span ID', `00-${traceId}-${spanId.toUpperCase()}-01`],
    ['upper case in the flags', `${base}-0A`],
    ['upper case in the version', `CC-${traceId}-${spanId}-01`],
    ['a trace ID of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span ID of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['a trace ID one digit short', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a trace ID one digit long', `00-${traceId}0-${spanId}-01`],
    ['a span ID one digit short', `00-${traceId}-${spanId.slice(1)}-01`],
    ['flags of one digit', `${base}-1`],
    ['flags of three digits', `${base}-001`],
    ['no flags', base],
    ['an illegal character', `00-${traceId.replace('a', 'g')}-${spanId}-01`],
    ['two headers joined by a comma', `${base}-01, ${base}-01`],
    ['white space around it', ` ${base}-01`],
    ['a line break behind it', `${base}-01\n`],
    ['nothing', ''],
  ])('is malformed with %s', (_, header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })

  it('is read back as it was written, whatever the IDs and flags', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (flags) => {
        const trace = { traceId: newTraceId(), spanId: newSpanId(), traceFlags: flags }
        expect(parseTraceparent(formatTraceparent(trace))).toEqual({ ...trace, traceFlags: flags & 3 })
      }),
    )
  })

  it('never throws and never accepts an invalid ID, whatever the header', () => {
    const piece = fc.oneof(fc.constantFrom('00', 'ff', '-', traceId, spanId, '01', '0', 'G', ' '), fc.string({ maxLength: 4 }))
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join('')),
        (header) => {
          const parsed = parseTraceparent(header)
          if (parsed !== undefined) expect(isTraceId(parsed.traceId) && isSpanId(parsed.spanId)).toBe(true)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('tracestate', () => {
  const roundTrip = (...values: string[]) => parseTracestate(values)?.serialize()
  const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v${i}`).join(',')

  it.each([
    ['one member', ['foo=1'], 'foo=1'],
    ['several headers, in order', ['foo=1,bar=2', 'rojo=3'], 'foo=1,bar=2,rojo=3'],
    ['white space around members', ['foo=1 \t , \t bar=2'], 'foo=1,bar=2'],
    ['empty members', ['foo=1,,bar=2,'], 'foo=1,bar=2'],
    ['a repeated key: the newest stays', ['foo=1,bar=2,foo=3'], 'foo=1,bar=2'],
    ['32 members', [members(32)], members(32)],
    ['a key of 256 characters', [`${'z'.repeat(256)}=1`], `${'z'.repeat(256)}=1`],
    ['a value of 256 characters', [`a=${'v'.repeat(256)}`], `a=${'v'.repeat(256)}`],
    ['a key that begins with a digit', ['0a=1'], '0a=1'],
    ['a key that ends in @, as level 2 allows', ['foo@=1'], 'foo@=1'],
    ['a value with inner spaces', ['foo=a b'], 'foo=a b'],
    ['more than 512 characters in all', [members(32).replaceAll('v', 'v'.repeat(40))], members(32).replaceAll('v', 'v'.repeat(40))],
  ])('passes on %s', (_, values, expected) => {
    expect(roundTrip(...values)).toBe(expected)
  })

  it.each([
    ['a 33rd member', [members(33)]],
    ['a 33rd member in a second header', [members(32), 'z=1']],
    ['a key of 257 characters', [`${'z'.repeat(257)}=1,foo=1`]],
    ['a value of 257 characters', [`a=${'v'.repeat(257)}`]],
    ['upper case in a key', ['FOO=1']],
    ['a space in a key', ['foo bar=1']],
    ['a second = in a value', ['foo=bar=baz']],
    ['an empty value', ['foo=,bar=3']],
    ['a member without =', ['foo,bar=3']],
    ['an empty key', ['=1']],
    ['a control character in a value', ['foo=a\u0001b']],
    ['a character past ASCII', ['foo=ä']],
    ['nothing at all', ['']],
  ])('is discarded whole with %s', (_, values) => {
    expect(roundTrip(...values)).toBeUndefined()
  })

  it('takes time in proportion to its length, whatever blanks it holds', () => {
    // Tens of seconds where each blank is tried from each other one.
    expect(roundTrip(`a=b${' '.repeat(300_000)}c`)).toBeUndefined()
    expect(roundTrip(`${' \t'.repeat(300_000)}a=b${' \t'.repeat(300_000)}`)).toBe('a=b')
  })

  it('puts a member that is set in front, keeps at most 32, and refuses illegal ones', () => {
    const state = parseTracestate([members(32)])
    expect(state?.set('new', '1').serialize()).toBe(`new=1,${members(31)}`)
    expect(state?.set('k3', 'x').serialize().startsWith('k3=x,k0=v0')).toBe(true)
    expect(state?.set('BAD', '1').serialize()).toBe(members(32))
    expect(state?.unset('k0').get('k0')).toBeUndefined()
    expect(state?.get('k0')).toBe('v0')
  })
})

describe('IDs', () => {
  it('are random, valid and never repeat in 20,000', () => {
    const ids = new Set(Array.from({ length: 20_000 }, () => newTraceId()))
    expect(ids.size).toBe(20_000)
    expect([...ids].every(isTraceId)).toBe(true)
    expect(isSpanId(newSpanId())).toBe(true)
  })

  it('that a person pastes are folded to lower case', () => {
    expect(parseTraceId(` ${traceId.toUpperCase()}\n`)).toBe(traceId)
  })

  it.each([
    ['too short', 'abc', /32 hex digits \(this has 3 characters\), got "abc" \(string\)/],
    ['not hex', 'x'.repeat(32), /32 hex digits/],
    ['all zero', '0'.repeat(32), /32 zeros/],
    ['no string', 12, /got 12 \(number\)/],
    ['missing', undefined, /got undefined/],
  ])('are refused by name when they are %s', (_, id, message) => {
    expect(() => parseTraceId(id)).toThrow(expect.objectContaining({ code: 'INVALID_TRACE_ID', message: expect.stringMatching(message) }))
  })
})
