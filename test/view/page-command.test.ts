import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { type Ended, Folder, spanlog } from '../cli/spanlog.js'

const root = path.resolve(import.meta.dirname, '../..')
const example = path.join(root, 'docs/example')
const failed = '5cb3632fdfccf8ffc8faae9707ff0821'
const other = 'c3a3f419e8e53dca3c80d02f4244db2c'
const folder = new Folder()
afterAll(() => folder.remove())

describe('spanlog view', () => {
  it.each<[what: string, args: string[], code: number, stderr: RegExp]>([
    ['writes one file with a trace', [failed, example], 0, /^7 spans, 9 lines, complete .*\nwritten to /],
    ['writes one file with two to compare', [other, failed, example], 0, /^7 spans, 9 lines and 7 spans, 9 lines, complete/],
    ['writes nothing where nothing was found', ['0af7651916cd43dd8448eb211c80319c', example], 1, /^0 spans, 0 lines, complete/],
    ['wants a trace for a file', [example], 2, /INVALID_OPTION: Expected a trace ID for --out/],
    ['wants sources', [failed], 2, /INVALID_OPTION: no source to look in/],
    ['wants limits that are some', [failed, example, '--budget', folder.write('wrong.json', '{"p95":3}')], 2, /has no option `p95`/],
  ])('%s', async (_what, args, code, stderr) => {
    const out = path.join(folder.path, 'page.html')
    const ended = await spanlog(['view', ...args, '--out', out])
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(stderr) })
  })

  it('says so where the file cannot be written', async () => {
    const ended = await spanlog(['view', failed, example, '--out', path.join(folder.path, 'no/such/folder.html')])
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--out') })
  })

  it('makes a file that names no other, on this machine or elsewhere', async () => {
    const out = path.join(folder.path, 'alone.html')
    await spanlog(['view', failed, example, '--out', out])
    const html = readFileSync(out, 'utf8')
    const markup = html.replace(/<script\b.*?<\/script>/gs, '').replace(/<style>.*?<\/style>/s, '')
    expect(markup.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="data:,"'])
    expect(html).not.toMatch(/@import|url\(["']?(?!#)/)
  })

  it('serves the page until it is interrupted, and leaves the rest of the list to the sources', async () => {
    const seen: string[] = []
    const ended = await spanlog(['view', failed, example], {
      during: (child) => {
        child.stdout.once('data', (text: string) => {
          const url = text.trim()
          void Promise.all([fetch(url), fetch(new URL('list', url)), fetch(new URL(`trace/${failed}`, url))])
            .then(async (answers) => seen.push(...(await Promise.all(answers.map((answer) => answer.text())))))
            .finally(() => child.kill('SIGINT'))
        })
      },
    })
    expect(ended.code).toBe(130)
    expect(ended.stdout).toMatch(new RegExp(String.raw`^http://127\.0\.0\.1:\d+/[\w-]{22}/#trace=${failed}\n$`))
    const [page = '', list = '', trace = ''] = seen
    expect(page).toContain('<div id="app">')
    expect((JSON.parse(list) as { traces: { traceId: string }[] }).traces.map(({ traceId }) => traceId)).toContain(other)
    expect(JSON.parse(trace)).toMatchObject({ traceId: failed, verdict: { complete: true } })
  })

  it('serves what the report rests on: the window before, the lines, and the limits', async () => {
    const limits = { operations: [{ service: 'gateway', kind: 'server', p95Ms: 60 }] }
    const seen: string[] = []
    const window = ['--from', '2026-11-21T05:36:02.400Z', '--to', '2026-11-21T05:36:03Z']
    await spanlog(['view', example, ...window, '--budget', folder.write('budget.json', JSON.stringify(limits)), '--max-lines', '5'], {
      during: (child) => {
        child.stdout.once('data', (text: string) => {
          void Promise.all([fetch(text.trim()), fetch(new URL('report', text.trim()))])
            .then(async (answers) => seen.push(...(await Promise.all(answers.map((answer) => answer.text())))))
            .finally(() => child.kill('SIGINT'))
        })
      },
    })
    const [page = '', report = '{}'] = seen
    const packed = /id="spanlog-data">([^<]*)/.exec(page)?.[1] ?? ''
    expect(JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString())).toMatchObject({ served: true, limits: { budgets: limits } })
    const { traces, before, entries, windowMs, reasons } = JSON.parse(report)
    expect({ traces: traces.length, before: before.length, entries: entries.length, windowMs }).toEqual({
      traces: 1,
      before: 2,
      entries: 5,
      windowMs: 600,
    })
    expect(reasons).toEqual([{ code: 'LIMIT_REACHED', message: expect.stringContaining('--max-lines') }])
  })

  it('refuses a port that is taken', async () => {
    let second: Ended | undefined
    await spanlog(['view', example], {
      during: (child) =>
        child.stdout.once('data', (text: string) => {
          void spanlog(['view', example, '--port', new URL(text.trim()).port])
            .then((ended) => (second = ended))
            .finally(() => child.kill('SIGINT'))
        }),
    })
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining('--port') })
  })
})
