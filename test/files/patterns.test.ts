import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listFiles } from '../../src/files/paths.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'spanlog-test-'))
  await mkdir(path.join(folder, 'shop', 'deep', 'er'), { recursive: true })
  await mkdir(path.join(folder, '.hidden'))
  const names = ['app.log', 'shop/a.log', 'shop/b.log', 'shop/notes.md', 'shop/.c.log', 'shop/deep/a.log', 'shop/deep/er/x(1).log']
  for (const name of [...names, '.hidden/a.log', 'what?.md', 'whatever.md']) await writeFile(path.join(folder, name), name)
  await symlink(folder, path.join(folder, 'shop', 'up'))
})
afterAll(() => rm(folder, { recursive: true }))

async function list(...patterns: string[]): Promise<{ found: string[]; failures: string[] }> {
  const failures: string[] = []
  const files = await listFiles(
    patterns.map((pattern) => path.join(folder, pattern)),
    ({ message }) => failures.push(message),
  )
  return { found: files.map((file) => path.relative(folder, file.path)).toSorted(), failures }
}

describe('a pattern', () => {
  it.each<[string, string, string[]]>([
    ['a star, within a name', 'shop/*.log', ['shop/a.log', 'shop/b.log']],
    ['a question mark, one character', 'shop/?.log', ['shop/a.log', 'shop/b.log']],
    ['a star among folders', '*/a.log', ['shop/a.log']],
    ['files of any ending', 'shop/*.md', ['shop/notes.md']],
    ['two stars, folders at any depth, none included', 'shop/**/a.log', ['shop/a.log', 'shop/deep/a.log']],
    ['two stars first', '**/*.log', ['app.log', 'shop/a.log', 'shop/b.log', 'shop/deep/a.log', 'shop/deep/er/x(1).log']],
    ['folders, their log files', 'shop/de*', ['shop/deep/a.log', 'shop/deep/er/x(1).log']],
    ['no other character for more than itself', 'shop/deep/er/x(?).l*g', ['shop/deep/er/x(1).log']],
    ['a dot for itself', 'shop/*a.l.g', []],
    ['a file of that very name alone, where there is one', 'what?.md', ['what?.md']],
  ])('stands for %s', async (_, pattern, wanted) => {
    const { found, failures } = await list(pattern)
    expect(found).toEqual(wanted)
    expect(failures).toEqual(
      wanted.length > 0 ? [] : [expect.stringMatching(/^FILE_UNREADABLE: .*a\.l\.g is a pattern with no log file in it/)],
    )
  })

  it('and a path that overlap give each file once', async () => {
    expect((await list('shop/*.log', 'shop/a.log', '**/b.log')).found).toEqual(['shop/a.log', 'shop/b.log'])
  })

  it('below a file, or a folder that is not there, stands for nothing', async () => {
    expect((await list('app.log/*', 'gone/*.log', 'gone/**')).failures).toHaveLength(3)
  })

  it('is relative to the working directory, as a path is', async () => {
    const failures: string[] = []
    const files = await listFiles(['test/fil?s/pat*.test.ts'], ({ message }) => failures.push(message))
    expect([files.map((file) => file.path), failures]).toEqual([['test/files/patterns.test.ts'], []])
  })
})
