import { context, propagation, trace } from '@opentelemetry/api'
import { configure } from 'spanlog'
import type { Tracing } from 'spanlog/tracing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { settled } from '../support/markdown.js'
import { checkSyntax } from './check-syntax.js'
import { compile, type Given, type Imported } from './fragment.js'
import { common } from './given/common.js'
import { givens } from './given/index.js'
import { type Page, pageOf, pages, referencePages, type Snippet } from './pages.js'
import { firstLine, nameOf, Project } from './program.js'

// Nothing that a page starts may reach a server of this machine.
process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://127.0.0.1:9'

let project: Project
const started: Tracing[] = []
const home = process.cwd()

beforeAll(() => {
  project = new Project()
  process.chdir(project.folder)
})
afterEach(async () => {
  await Promise.all(started.splice(0).map((tracing) => tracing.shutdown()))
  for (const api of [trace, context, propagation]) api.disable()
  configure({ fields: 'otel', mirror: true, flightRecorder: false, debugTraces: false, redact: false })
  configure({ headers: ['w3c'], propagateTo: false, untracedSampled: false, redact: false })
})
afterAll(() => {
  process.chdir(home)
  project.remove()
})

/** Imports what a snippet does, and remembers the tracing that it starts. */
async function load(name: string): Promise<Imported> {
  const module = (await import(name)) as Imported
  if (name !== 'spanlog/tracing') return module
  const startTracing = (options: never): Tracing => {
    const tracing = (module['startTracing'] as (options: never) => Tracing)(options)
    started.push(tracing)
    return tracing
  }
  return { ...module, startTracing }
}

type Kind = 'program' | 'file' | 'fragment' | 'session' | 'parsed'

function kindOf({ language, notRun, output, text }: Snippet, page: Page): Kind {
  if (language === 'console') return 'session'
  if ((language !== 'js' && language !== 'ts') || notRun !== undefined) return 'parsed'
  if (output !== undefined) return 'program'
  const name = nameOf(text)
  return name !== undefined && new RegExp(`^\\$ .*\\b${name}`, 'm').test(page.text) ? 'file' : 'fragment'
}

describe.each(pages.filter(({ snippets }) => snippets.length > 0).map((page) => [page.file, page] as const))('%s', (file, page) => {
  let given: Given = {}
  /** What the snippets above have declared. */
  const known: Imported = {}
  beforeAll(async () => {
    given = (await givens[file]?.()) ?? {}
    project.instead = given.instead ?? {}
  })
  afterAll(() => given.end?.())

  async function runFragment({ text, place }: Snippet): Promise<void> {
    const printed: string[] = []
    const print = (...values: unknown[]): void => void printed.push(values.map(String).join(' '))
    const names = { ...common(), console: { log: print, error: print, warn: print }, ...known, ...given.names }
    try {
      const fragment = compile(project.replaced(text), Object.keys(names))
      Object.assign(known, await fragment(async (name) => given.modules?.[name] ?? load(name), Object.values(names)))
    } catch (error) {
      // The function has no place on the page; a name that is missing belongs into test/docs/given.
      throw new Error(`${place}: ${String(error)}`, { cause: error })
    }
    await given.check?.({ ...names, ...known }, printed)
  }

  const proofs: Record<Kind, (snippet: Snippet) => Promise<void>> = {
    program: async ({ place, text, output }) => {
      const { language, text: shown } = output as NonNullable<typeof output>
      const prints = language === 'text' ? project.outputOf(place, text, shown) : project.sessionWith(place, text, shown)
      expect(settled(await prints)).toBe(settled(shown))
    },
    file: async ({ place, text }) => expect(project.write(place, text)).toContain(nameOf(text)),
    fragment: (snippet) => expect(runFragment(snippet)).resolves.toBeUndefined(),
    session: async ({ text }) => expect(settled(await project.session(text))).toBe(settled(text)),
    parsed: async (snippet) => expect(() => checkSyntax(snippet)).not.toThrow(),
  }

  const outputs = new Set(page.snippets.map(({ output }) => output?.line))
  const shown = page.snippets.filter(({ line }) => !outputs.has(line))
  // oxlint-disable-next-line vitest/expect-expect -- each proof has one
  it.each(shown.map((snippet) => [kindOf(snippet, page), snippet.line, firstLine(snippet), snippet] as const))(
    '%s at %i: %s',
    (kind, _line, _text, snippet) => proofs[kind](snippet),
  )
})

it.each(referencePages.map((page) => [page.file, page] as const))('%s has examples that can be parsed', (_, { snippets }) => {
  const examples = snippets.filter(({ language }) => language === 'ts')
  expect(() => examples.forEach(checkSyntax)).not.toThrow()
})

it('the seven steps name findings that the doctor has', () => {
  const [steps, doctor] = ['docs/guides/adopting.md', 'docs/doctor.md'].map((file) => pageOf(file).text)
  const named = [...(steps ?? '').matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((code) => !doctor?.includes(`\`${code}\``))).toEqual([])
})
