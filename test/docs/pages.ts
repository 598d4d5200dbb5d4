import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Fence, fencesOf } from '../support/markdown.js'

export const root = path.resolve(import.meta.dirname, '../..')

/** A fenced block as it stands on its page. */
export interface Snippet extends Fence {
  /** Relative to the repository, with its line: `docs/loki.md:3`. */
  place: string
  /** What a program prints: the block right below it. */
  output?: Fence
  /** What the page says below it of why nothing runs it. */
  notRun?: string
}

export interface Page {
  /** Relative to the repository. */
  file: string
  text: string
  snippets: Snippet[]
}

/** What a page writes below code that a test can parse, and not run. */
const mark = /^_Parsed, not run: (.+)_$/

export function pageOf(file: string): Page {
  const text = readFileSync(path.join(root, file), 'utf8')
  const lines = text.split('\n')
  const fences = fencesOf(text)
  const snippets = fences.map((fence, i): Snippet => {
    const end = fence.line + fence.text.split('\n').length
    const next = fences[i + 1]
    const isOutput = fence.language === 'js' && next?.line === end + 2 && ['text', 'console'].includes(next.language)
    const notRun = mark.exec(lines[end + 1] ?? '')?.[1]
    return Object.assign(fence, {
      place: `${file}:${fence.line}`,
      ...(isOutput && { output: next }),
      ...(notRun !== undefined && { notRun }),
    })
  })
  return { file, text, snippets }
}

const files = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`)
  .toSorted()

/** README and each page of `docs/` that somebody wrote. */
export const pages: readonly Page[] = ['README.md', ...files.filter((file) => !file.startsWith('docs/reference/'))].map(pageOf)

/** What `npm run api` writes, but for the reports. */
export const referencePages: readonly Page[] = files.filter((file) => /^docs\/reference\/[^/]+$/.test(file)).map(pageOf)
