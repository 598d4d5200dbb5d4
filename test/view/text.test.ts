import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, formatOffset } from '../../src/view/terminal/duration.js'
import { displayWidth, escapeJson, escapeText, fit, truncate, wrap } from '../../src/view/terminal/text.js'

const anyText = fc.string({ unit: 'binary', maxLength: 200 })
const actsOnTerminal = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0001}]/u

describe('text for a terminal', () => {
  it.each([
    ['plain text as it is', 'GET /käse → 200 ✓', 'GET /käse → 200 ✓'],
    ['a colour sequence visibly', '\u001b[31mred', '\\x1b[31mred'],
    ['a link (OSC 8) visibly', '\u001b]8;;http://evil\u0007click\u001b]8;;\u0007', '\\x1b]8;;http://evil\\x07click\\x1b]8;;\\x07'],
    ['a title (OSC 0 by C1) visibly', '\u009d0;title\u009c', '\\x9d0;title\\x9c'],
    ['NUL, BEL, backspace, DEL visibly', '\0\u0007\b\u007f', '\\x00\\x07\\x08\\x7f'],
    ['line breaks and tabs visibly', 'a\nb\r\nc\td', 'a\\nb\\r\\nc\\td'],
    ['Unicode line breaks visibly', 'a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\x85d'],
    ['bidi overrides and isolates visibly', '\u202egpj.exe\u2066x\u2069\u061c', '\\u202egpj.exe\\u2066x\\u2069\\u061c'],
    ['invisible characters visibly', 'a\u200bb\ufeffc\u00add', 'a\\u200bb\\ufeffc\\xadd'],
    ['tags visibly', '\u{e0041}', '\\u{e0041}'],
    ['lone surrogates visibly', '\ud800x\udc00', '\\ud800x\\udc00'],
    ['joined emoji whole', '👩‍👩‍👧', '👩‍👩‍👧'],
  ])('shows %s', (_name, text, shown) => {
    expect(escapeText(text)).toBe(shown)
  })

  it('lets nothing through that acts on a terminal, and changes nothing else', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(escapeText(text)).not.toMatch(actsOnTerminal)
        expect(escapeText(escapeText(text))).toBe(escapeText(text))
      }),
    )
  })

  it('escapes JSON so that no terminal acts on it and its value is the same', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (value) => {
        const json = escapeJson(JSON.stringify(value))
        expect(json).not.toMatch(actsOnTerminal)
        expect(JSON.parse(json)).toEqual(value)
      }),
    )
  })
})

describe('width', () => {
  it.each([
    ['ASCII', 'abc', 3],
    ['Latin letters and box drawings', 'é│█…', 4],
    ['Greek', 'αβγ', 3],
    ['ideographs', '漢字', 4],
    ['kana, half-width kana', 'カﾊ', 3],
    ['Hangul syllables, and the same of letters', '한\u1112\u1161\u11ab', 4],
    ['full-width forms', 'ＡＢ', 4],
    ['combining marks', 'e\u0301n\u0303', 2],
    ['an emoji, a family, a flag, a keycap, a skin tone', '👍👩‍👩‍👧🇯🇵1\ufe0f\u20e3👍🏽', 10],
    ['a symbol asked for as emoji', '❤\ufe0f', 2],
    ['a thousand leading Hangul letters, which are one cluster', '\u1100'.repeat(1000), 2000],
  ])('of %s', (_name, text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  it('of a cut or filled text is what was asked for, and a cut shows', () => {
    fc.assert(
      fc.property(anyText.map(escapeText), fc.integer({ min: 0, max: 60 }), (text, width) => {
        expect(displayWidth(fit(text, width))).toBe(width)
        const cut = truncate(text, width)
        expect(cut === text || width === 0 || cut.endsWith('…')).toBe(true)
      }),
    )
  })

  it('is kept by every wrapped row, and the rows are the text but for spaces', () => {
    fc.assert(
      fc.property(anyText.map(escapeText), fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 9 }), (text, width, maxRows) => {
        const { rows, rest } = wrap(text, width, width, maxRows)
        for (const [start, end] of rows) expect(displayWidth(text.slice(start, end))).toBeLessThanOrEqual(width)
        const shown = rows.map(([start, end]) => text.slice(start, end)).join('')
        expect((shown + text.slice(text.length - rest)).replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
        expect(rows.length).toBeLessThanOrEqual(maxRows)
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    [0n, '0s'],
    [850n, '850ns'],
    [1_500n, '1.50µs'],
    [12_340n, '12.3µs'],
    [999_999n, '1.00ms'],
    [120_400_000n, '120ms'],
    [1_200_000_000n, '1.20s'],
    [59_960_000_000n, '1m 00s'],
    [123_000_000_000n, '2m 03s'],
    [3_599_600_000_000n, '1h 00m'],
    [3_720_000_000_000n, '1h 02m'],
    [277_200_000_000_000n, '3d 05h'],
    [-5_000_000n, '-5.00ms'],
  ])('of %i ns read %s', (nanoseconds, text) => {
    expect(formatDuration(nanoseconds)).toBe(text)
  })

  it('are signed as offsets', () => {
    expect([formatOffset(0n), formatOffset(1_000_000n), formatOffset(-1n)]).toEqual(['+0s', '+1.00ms', '-1ns'])
  })
})
