import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './pages.js'

const skipped = new Set(['node_modules', 'dist', '.git', 'recorded'])

function markdownUnder(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : markdownUnder(file)
    return entry.name.endsWith('.md') ? [file] : []
  })
}

const files = markdownUnder('.')
const textOf = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8').replaceAll(/^```[^]*?^```$/gm, '')]))

/** The names that GitHub gives headings, for links into a page. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of text.matchAll(/^#+ (.*)$/gm)) {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    let anchor = name
    for (let i = 1; anchors.has(anchor); i++) anchor = `${name}-${i}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

const relative = /\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g

describe('links', () => {
  it.each(files)('in %s lead somewhere', (file) => {
    const broken = [...(textOf.get(file) ?? '').matchAll(relative)].filter(([, to = '', anchor]) => {
      const target = to === '' ? file : path.join(path.dirname(file), to)
      if (!existsSync(path.join(root, target))) return true
      return anchor !== undefined && !anchorsOf(textOf.get(target) ?? '').has(anchor)
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })

  it('docs/README.md leads to each page', () => {
    const index = textOf.get('docs/README.md') ?? ''
    const linked = new Set([...index.matchAll(relative)].map(([, to = '']) => path.join('docs', to)))
    // Decisions and the reference have lists of their own, which the index links to.
    const pages = files.filter((file) => /^docs\/(?!(decisions|reference)\/)/.test(file) && file !== 'docs/README.md')
    expect(pages.filter((page) => !linked.has(page))).toEqual([])
    expect([...linked].filter((target) => statSync(path.join(root, target)).isDirectory())).toEqual([])
  })
})

it('docs/internals.md tells of each room of the house', () => {
  const rooms = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const told = textOf.get('docs/internals.md') ?? ''
  expect(rooms.map(({ name }) => `src/${name}/`).filter((room) => !told.includes(room))).toEqual([])
})
