import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileLogs } from 'spanlog/logs'
import { expect, it } from 'vitest'
import { pageOf } from './pages.js'

const lines = pageOf('docs/guides/other-languages.md')
  .snippets.filter(({ language }) => language === 'json' || language === 'log')
  .map(({ place, text }) => [place, text] as const)

it.each(lines)('the line at %s is found by its trace, with its level', async (_, text) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-languages-'))
  writeFileSync(path.join(folder, 'service.log'), text)
  const { entries } = await fileLogs({ paths: [folder] })
    .forTrace('0af7651916cd43dd8448eb211c80319c')
    .collect()
  rmSync(folder, { recursive: true })
  expect(entries).toEqual([expect.objectContaining({ spanId: 'b7ad6b7169203331', severity: expect.objectContaining({ number: 9 }) })])
  expect(entries[0]?.message).toMatch(/charged$/)
})

it('three languages show a line', () => expect(lines).toHaveLength(3))
