import { execFile } from 'node:child_process'
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { toJson as entryToJson, type LogEntry } from 'spanlog/logs'
import { type TraceSpan, toJson } from 'spanlog/traces'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pageHtml } from '../../dist/src/view/server/html.js'
import { startViewServer } from '../../dist/src/view/server/server.js'
import type { TraceDocument } from '../../src/view/document.js'
import { request } from '../cli/traffic.js'
import { line, span, t0, traceId } from '../view/draw.js'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-page-'))
let browser: Browser
let page: Page
/** What the page complained about; a refused script or style would be here. */
let complaints: string[] = []

beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error('chromium is missing; on Debian: apt-get install chromium; elsewhere set CHROMIUM')
  // As root, as in a container, Chromium has no sandbox.
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
})
afterEach(() => page.close())
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
})

function documentOf(spans: TraceSpan[], entries: LogEntry[], id = traceId): TraceDocument {
  return { traceId: id, trace: toJson({ traceId: id, spans }), entries: entries.map(entryToJson), verdict: { complete: true, reasons: [] } }
}

const stack = 'CardError: refused\n    at charge (card.js:7:3)'
/**
 * ```
 * a1 gateway/POST /orders |----------|   failed
 * b1  orders/reserve        |---|
 * b2  payments/charge           |---|    failed; linked to another trace
 * ```
 */
const shop = documentOf(
  [
    span('a1', undefined, 'gateway/POST /orders', 0, 100, { kind: 'server', status: { code: 'error' } }),
    span('b1', 'a1', 'orders/reserve', 10, 40, { attributes: { 'db.query.text': 'update stock' } }),
    span('b2', 'a1', 'payments/charge', 45, 95, {
      status: { code: 'error', message: 'refused' },
      resource: { 'service.version': '1.4' },
      events: [
        {
          timeUnixNano: 1_795_233_600_090_000_000n,
          name: 'exception',
          attributes: { 'exception.type': 'CardError', 'exception.message': 'refused', 'exception.stacktrace': stack },
        },
      ],
      links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes: {} }],
    }),
  ],
  [
    line('a1', 1, 'info', 'order received', { service: 'gateway', fields: { orderId: 7 } }),
    line('b1', 20, 'warn', 'stock is low', { service: 'orders' }),
    line('b2', 50, 'debug', 'asking the bank', { service: 'payments' }),
    line('b2', 91, 'error', 'charge failed', { service: 'payments' }),
  ],
)

let files = 0

/** Opens a saved page, as somebody does who found it in a ticket. */
async function open(documents: TraceDocument[], hash = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<string> {
  const file = path.join(folder, `${++files}.html`)
  await pipeline(Readable.from(pageHtml({ served: false, documents })), createWriteStream(file))
  await visit(`file://${file}${hash}`, options)
  return file
}

async function visit(url: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<void> {
  complaints = []
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options })
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.goto(url)
}

const texts = async (selector: string): Promise<string[]> =>
  (await page.locator(selector).allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim())
const spans = (): Promise<string[]> => texts('.row .operation')
const lines = (): Promise<string[]> => texts('.line .said bdi:first-child')

describe('the page of a trace', () => {
  it('opens offline, with its spans, its lines, and in one sentence what happened', async () => {
    await open([shop], '', { offline: true })
    await page.waitForSelector('.row')
    expect(await spans()).toEqual(['POST /orders', 'reserve', 'charge'])
    expect(await lines()).toEqual(['order received', 'stock is low', 'asking the bank', 'charge failed'])
    expect(await page.textContent('.finding')).toContain('began in payments "charge" (CardError: refused)')
    expect(complaints).toEqual([])
  })

  it.each<[what: string, act: () => Promise<void>, spans: string[], lines: string[]]>([
    ['searches spans and lines', () => page.fill('.search input', 'stock'), ['POST /orders', 'reserve'], ['stock is low']],
    ['filters errors', () => page.click('text=Errors only'), ['POST /orders', 'charge'], ['charge failed']],
    [
      'hides a service',
      () => page.click('.legend button:has-text("payments")'),
      ['POST /orders', 'reserve'],
      ['order received', 'stock is low'],
    ],
    [
      'filters lines by level',
      async () => void (await page.selectOption('select', { label: 'warn and above' })),
      ['POST /orders', 'reserve', 'charge'],
      ['stock is low', 'charge failed'],
    ],
    [
      'lists the lines of the selected span',
      () => page.click('.row:has-text("charge")'),
      ['POST /orders', 'reserve', 'charge'],
      ['asking the bank', 'charge failed'],
    ],
    ['folds a span', () => page.click('.fold'), ['POST /orders'], ['order received', 'stock is low', 'asking the bank', 'charge failed']],
  ])('%s', async (_what, act, expectedSpans, expectedLines) => {
    await open([shop])
    await act()
    await expect.poll(spans).toEqual(expectedSpans)
    await expect.poll(lines).toEqual(expectedLines)
  })

  it('shows of a selected span its attributes, resource, events with their stack, and links', async () => {
    await open([shop])
    await page.click('.row:has-text("charge")')
    await page.click('summary:has-text("Resource")')
    const shown = (await texts('.inspector')).join(' ')
    for (const part of ['refused', '50.0ms', 'service.version 1.4', 'at charge (card.js:7:3)', 'c'.repeat(32)])
      expect(shown).toContain(part)
  })

  it('shows of a selected line its fields and its span, whose mark stands on the bar', async () => {
    await open([shop])
    await page.click('.row:has-text("POST /orders") .mark')
    await expect.poll(() => texts('.inspector h2')).toEqual(['order received'])
    expect((await texts('.inspector')).join(' ')).toContain('orderId 7')
    await page.click('.inspector .link:has-text("POST /orders")')
    await expect.poll(() => texts('.row.selected .operation')).toEqual(['POST /orders'])
  })

  it('keeps what is selected in a link that somebody else can open', async () => {
    const file = await open([shop])
    await page.click('.line:has-text("charge failed")')
    await page.waitForSelector('.inspector')
    const { hash } = new URL(page.url())
    await page.close()
    await visit(`file://${file}${hash}`)
    await expect.poll(() => texts('.inspector h2')).toEqual(['charge failed'])
    expect(await texts('.row.selected .operation')).toEqual(['charge'])
    await page.close()
    await visit(`file://${file}#span=b100000000000000`)
    await expect.poll(() => texts('.row.selected .operation')).toEqual(['reserve'])
  })

  it('is used by keyboard alone', async () => {
    await open([shop])
    await page.waitForSelector('.row')
    const selected = (): Promise<string[]> => texts('.row.selected .operation')
    await page.keyboard.press('s')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(selected).toEqual(['reserve'])
    await page.keyboard.press('e')
    await expect.poll(selected).toEqual(['charge'])
    await page.keyboard.press('ArrowLeft')
    await expect.poll(selected).toEqual(['POST /orders'])
    await page.keyboard.press('ArrowLeft')
    await expect.poll(spans).toEqual(['POST /orders'])
    await page.keyboard.press('l')
    await page.keyboard.press('End')
    await expect.poll(() => texts('.line.selected .said bdi:first-child')).toEqual(['charge failed'])
    await page.keyboard.press('/')
    await page.keyboard.type('low')
    await expect.poll(lines).toEqual(['stock is low'])
    await page.keyboard.press('Escape')
    await page.keyboard.press('3')
    await expect.poll(() => texts('nav [aria-current]')).toEqual(['Errors 1'])
    await page.keyboard.press('?')
    await expect.poll(() => page.locator('dialog').isVisible()).toBe(true)
  })

  it('tells a screen reader what the picture shows', async () => {
    await open([shop])
    await page.click('.row:has-text("charge")')
    const tree = page.getByRole('tree')
    const active = await tree.getAttribute('aria-activedescendant')
    expect(await page.locator(`#${active}`).getAttribute('aria-label')).toBe(
      'payments charge, 50.0ms, failed, on the critical path, 2 lines',
    )
    expect(await page.getByRole('treeitem', { level: 2 }).count()).toBe(2)
    expect(await page.getByRole('option', { name: /charge failed/ }).getAttribute('aria-setsize')).toBe('2')
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll('button, input, select')].filter((e) => !(e.innerText || e.ariaLabel || e.closest('label')?.innerText)).length`,
    )
    expect(unnamed).toBe(0)
  })

  it.each([
    ['path', ['Who decided how long it took', 'update stock', 'payments charge']],
    ['errors', ['CardError', 'began in payments', 'charge failed', 'POST /orders']],
    ['services', ['gateway', 'orders', 'payments', 'Calls']],
    ['compare', ['Before', 'slower', 'payments charge', 'fails now']],
    ['report', ['Operations in 2 traces', 'Quality of the telemetry']],
  ])('has a view of its own for: %s', async (view, parts) => {
    const before = documentOf(
      [span('a1', undefined, 'gateway/POST /orders', 0, 30, { kind: 'server' }), span('b2', 'a1', 'payments/charge', 5, 20)],
      [],
      'e'.repeat(32),
    )
    await open([shop, before], `#view=${view}`)
    await page.waitForSelector('.page-view')
    const shown = (await texts('#view')).join(' ')
    for (const part of parts) expect(shown).toContain(part)
    expect(complaints).toEqual([])
  })

  it('is dark or light as the system is, and as it is switched', async () => {
    const paper = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    await open([shop], '', { colorScheme: 'dark' })
    await page.waitForSelector('.row')
    const dark = await paper()
    await page.keyboard.press('t')
    const light = await paper()
    expect([dark, light]).toEqual(['rgb(21, 23, 27)', 'rgb(255, 255, 255)'])
    await page.close()
    await open([shop], '', { colorScheme: 'light' })
    await page.waitForSelector('.row')
    expect(await paper()).toBe(light)
  })

  it.each(['', 'path', 'errors', 'services', 'compare', 'report'])('fits into a window of 400 pixels: %j', async (view) => {
    await open([shop, shop], `#view=${view}&span=b200000000000000`, { viewport: { width: 400, height: 800 } })
    await page.waitForSelector('#view > *')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400)
    for (const button of await page.locator('nav button').all()) {
      const { x, width } = (await button.boundingBox())!
      expect(x + width).toBeLessThanOrEqual(400)
    }
  })

  it('says below the sentence on top what the picture does not know', async () => {
    const [root, ...others] = shop.trace?.spans ?? []
    const hourBefore = (nano: string) => String(BigInt(nano) - 3_600_000_000_000n)
    const moved = structuredClone(others)
    for (const one of moved) Object.assign(one, { startUnixNano: hourBefore(one.startUnixNano), endUnixNano: hourBefore(one.endUnixNano) })
    await open([{ ...shop, trace: { traceId, spans: [root!, ...moved] } }])
    expect((await texts('.doubt')).join(' ')).toMatch(/^Clocks disagree: that of (orders|payments) is some 1h 00m behind its caller’s/)
  })

  it('prints every row, not only those in sight', async () => {
    const many = Array.from({ length: 300 }, (_, i) => span((i + 1).toString(16).padStart(16, '0'), undefined, `s/${i}`, i, i + 1))
    await open([documentOf(many, [])])
    await page.waitForSelector('.row')
    expect(await page.locator('.row').count()).toBeLessThan(100)
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`)
    expect(await page.locator('.row').count()).toBe(300)
    await page.evaluate(`dispatchEvent(new Event('afterprint'))`)
    await expect.poll(() => page.locator('.row').count()).toBeLessThan(100)
  })
})

describe('hostile text', () => {
  it.each([
    ['script', '<script>document.title="owned"</script>'],
    ['the end of the data', '</script><img src=x onerror="document.title=\'owned\'"><!--'],
    ['an entity', '&lt;b&gt; &amp;'],
    ['terminal escapes', '\u001b[31mred\u001b]0;owned\u0007'],
    ['bidi controls', 'admin\u202e\u2066gpj.exe'],
    ['separators', 'a\u2028b\u2029c\u0000d'],
    ['half a surrogate', 'x\ud800y'],
  ])('%s is text in lines, names, attributes and errors', async (_what, text) => {
    const status = { code: 'error' as const, message: text }
    const attributes = { [text]: text, 'db.query.text': text }
    const events = [
      { timeUnixNano: 1_795_233_600_000_000_000n, name: text, attributes: { 'exception.type': text, 'exception.stacktrace': text } },
    ]
    const hostile = documentOf(
      [
        span('a1', undefined, `${text.replaceAll('/', '∕')}/${text}`, 0, 9, {
          kind: 'client',
          status,
          attributes,
          events,
          resource: attributes,
        }),
      ],
      [line('a1', 1, 'error', text, { service: text, fields: { [text]: text }, severity: { number: 17, text } })],
    )
    await open([hostile, { ...hostile, traceId: 'e'.repeat(32) }])
    await page.click('.row')
    for (const key of ['2', '3', '4', '5', '6', '1']) {
      await page.keyboard.press(key)
      await page.waitForTimeout(20)
      const { title, elements, controls } = (await page.evaluate(`({
        title: document.title,
        elements: document.querySelectorAll('#app script, #app img, #app b b').length,
        controls: /[\\u0000-\\u0008\\u001b\\u0007\\u202a-\\u202e\\u2066-\\u2069\\u2028\\u2029]/.test(document.body.innerText),
      })`)) as { title: string; elements: number; controls: boolean }
      expect(title).not.toBe('owned')
      expect({ elements, controls }).toEqual({ elements: 0, controls: false })
    }
    expect(complaints).toEqual([])
  })
})

describe('a large trace', () => {
  it('of 10,000 spans with 50,000 lines keeps only what can be seen in the document', async () => {
    const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')
    const many = Array.from({ length: 10_000 }, (_, i) =>
      span(id(i), i === 0 ? undefined : id(Math.floor((i - 1) / 5)), `service ${i % 9}/operation ${i % 40}`, i / 10, 2000 - i / 10),
    )
    const said = Array.from({ length: 50_000 }, (_, i) =>
      line(id(i % 10_000), i / 25, i % 500 === 0 ? 'error' : 'info', `line ${i} of many`),
    )
    await open([documentOf(many, said)])
    await page.waitForSelector('.row')
    expect((await texts('.figures li')).join(', ')).toBe('10000 spans, 10 services, 50000 lines (100 errors)')
    expect(await page.locator('.row, .line').count()).toBeLessThan(150)
    await page.locator('.lines .rows').focus()
    await page.keyboard.press('End')
    await expect.poll(lines).toContain('line 49999 of many')
    await page.fill('.search input', '"line 4711 of"')
    await expect.poll(lines).toEqual(['line 4711 of many'])
    await page.click('.line')
    await expect.poll(() => page.locator('.row.selected').count()).toBe(1)
  })
})

describe('the example', () => {
  it('takes a picture of each view', async () => {
    page = await browser.newPage()
    const pictures = path.join(folder, 'pictures')
    await promisify(execFile)(process.execPath, [path.resolve(import.meta.dirname, '../../examples/page/run.mjs'), pictures])
    const kept = readdirSync(path.resolve(import.meta.dirname, '../../examples/page')).filter((name) => name.endsWith('.png'))
    expect(readdirSync(pictures).toSorted()).toEqual(kept.toSorted())
  })
})

describe('the served list', () => {
  it('shows new traces by itself, leads to a trace, and from there to one that is linked', async () => {
    const listed: {
      traceId: string
      startUnixNano: bigint
      durationMs: number
      services: string[]
      root: { service: string; name: string }
    }[] = []
    const linked = documentOf([span('d'.repeat(16), undefined, 'mail/send', 0, 5)], [], 'c'.repeat(32))
    const server = await startViewServer(
      {
        document: async (id) => (id === traceId ? shop : linked),
        list: async () => ({ traces: listed, reasons: [] }),
        report: async () => ({ traces: [shop.trace!, linked.trace!], reasons: [] }),
      },
      0,
    )
    try {
      await visit(server.url)
      await expect.poll(() => texts('.empty')).toEqual(['No trace was found. It appears here as soon as there is one.'])
      listed.push({
        traceId,
        startUnixNano: 7n,
        services: ['gateway'],
        root: { service: 'gateway', name: 'POST /orders' },
        durationMs: 100,
      })
      await page.click('td a')
      await expect.poll(spans).toEqual(['POST /orders', 'reserve', 'charge'])
      await page.click('.row:has-text("charge")')
      await page.click(`.inspector .link:has-text("${'c'.repeat(32)}")`)
      await expect.poll(spans).toEqual(['send'])
      await page.goBack()
      await expect.poll(spans).toEqual(['POST /orders', 'reserve', 'charge'])
      await page.click('.back')
      await page.click('text=Report over all of them')
      await expect.poll(() => texts('h1')).toEqual(['Report over 2 traces'])
      expect(complaints).toEqual([])
    } finally {
      await server.close()
    }
  })
})

describe('the report over many traces', () => {
  it('says what that of the terminal says: broken limits, what is unusual against the window before, and where lines were cut', async () => {
    const hour = 3_600_000_000_000n
    const traces = (from: bigint, queryMs: number): ReturnType<typeof toJson>[] =>
      Array.from({ length: 40 }, (_, i) => {
        const requested = request(from + BigInt(i) * 1_000_000_000n, { queryMs })
        return toJson({ traceId: requested[0]!.traceId, spans: requested })
      })
    const now = traces(t0, 90)
    const server = await startViewServer(
      {
        document: async () => shop,
        list: async () => ({ traces: [], reasons: [] }),
        report: async () => ({
          traces: now,
          before: traces(t0 - hour, 20),
          windowMs: 3_600_000,
          entries: shop.entries,
          entriesFromUnixNano: String(t0),
          reasons: [],
        }),
        limits: { budgets: { operations: [{ service: 'gateway', kind: 'server', p95Ms: 60 }] } },
      },
      0,
    )
    try {
      await visit(`${server.url}#view=report`)
      await expect.poll(() => texts('h1')).toEqual(['Report over 40 traces'])
      const shown = (await texts('#app')).join(' ')
      for (const part of [
        'the newest 4 were read, from 2026-11-21 04:00:00 UTC on',
        '0 of 1 limit kept',
        '✗ broken gateway POST /checkout (server) p95Ms 120 ms 60 ms 40',
        'Unusual against 40 traces of the window before',
        'orders "SELECT shop" is slower: median 20.0ms → 90.0ms (40 calls before, 40 now) a trace',
        '2 of 3 services are traced, not payments',
      ])
        expect(shown).toContain(part)
      expect(await page.locator('.unusual a').first().getAttribute('href')).toMatch(/^#trace=7ab/)
      expect(complaints).toEqual([])
    } finally {
      await server.close()
    }
  })
})

describe('a served trace', () => {
  it('offers what has come since, and shows it without losing what is selected, folded and in sight', async () => {
    const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')
    const spansTo = (n: number): TraceSpan[] =>
      Array.from({ length: n }, (_, i) => span(id(i), i === 0 ? undefined : id(i % 10 === 1 ? 0 : i - ((i - 1) % 10)), `s/op ${i}`, i, n))
    const linesTo = (n: number): LogEntry[] => Array.from({ length: n }, (_, i) => line(id(i % 99), i, 'info', `line ${i}`))
    let found = documentOf(spansTo(100), linesTo(300))
    const server = await startViewServer(
      { document: async () => found, list: async () => ({ traces: [], reasons: [] }), report: async () => ({ traces: [], reasons: [] }) },
      0,
    )
    try {
      await visit(`${server.url}#trace=${traceId}`)
      await page.click('.row:has-text("op 11") .fold')
      await page.click('.row:has-text("op 21")')
      await page.click('.choice >> text=Whole trace')
      await page.evaluate(`document.querySelector('.lines .rows').scrollTop = 22 * 150`)
      const top = (): Promise<unknown> =>
        page.evaluate(`(() => {
        const list = document.querySelector('.lines .rows')
        const edge = list.getBoundingClientRect().top
        return [...list.querySelectorAll('.line')].find((one) => one.getBoundingClientRect().bottom > edge + 1).querySelector('.said bdi').innerText
      })()`)
      await expect.poll(top).toBe('line 150')

      const early = Array.from({ length: 5 }, (_, i) => line(id(3), 20, 'warn', `late line ${i}`))
      found = documentOf(spansTo(101), [...linesTo(21), ...early, ...linesTo(300).slice(21)])
      await expect.poll(() => texts('.arrived')).toEqual(['1 new span and 5 new lines · show'])
      expect(await texts('.figures li')).toContain('100 spans')
      await page.keyboard.press('r')
      await expect.poll(() => texts('.figures li')).toContain('101 spans')
      expect(await texts('.arrived button')).toEqual([])
      expect(await texts('.row.selected .operation')).toEqual(['op 21'])
      expect(await texts('.row:has-text("op 11") .below')).toEqual(['+9'])
      expect(await top()).toBe('line 150')
      expect(complaints).toEqual([])
    } finally {
      await server.close()
    }
  })
})
