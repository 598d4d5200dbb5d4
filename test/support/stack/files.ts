import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'

export const root = path.resolve(import.meta.dirname, '../../..')
export const stack = path.join(root, 'examples/stack')

/** Whatever a file says: maps as they are, the rest by `list`, `texts` and `scalar`. The checks say what it must be. */
export interface Data {
  [key: string]: Data
}
export const list = (value: Data | undefined): Data[] => (value ?? []) as unknown as Data[]
export const texts = (value: Data | undefined): string[] => (value ?? []) as unknown as string[]
export const scalar = (value: unknown): string => `${value as string | number}`

/** The files of the stack, by their paths below it. */
export function stackFiles(): string[] {
  return readdirSync(stack, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(stack, path.join(entry.parentPath, entry.name)))
    .toSorted()
}

export const read = (file: string): string => readFileSync(path.join(stack, file), 'utf8')

/** Each document of a YAML file. A key that stands twice, an unknown tag or a warning is an error. */
export function readYamls(file: string): Data[] {
  return parseAllDocuments(read(file), { merge: true, uniqueKeys: true, strict: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings]
    if (problem) throw new Error(`${file}: ${problem.message}`)
    return document.toJS() as Data
  })
}

export function readYaml(file: string): Data {
  const [first, ...more] = readYamls(file)
  if (!first || more.length > 0) throw new Error(`${file}: expected one document`)
  return first
}

/** The variables that a text takes from its environment: `${env:NAME}` of the Collector, `${NAME}` of the others, sys.env of Alloy. */
export function variablesOf(text: string): { name: string; hasDefault: boolean }[] {
  const braced = [...text.matchAll(/(?<!\$)\$\{(?:env:)?([A-Z][A-Z0-9_]*)(:-[^}]*)?\}/g)]
  const called = [...text.matchAll(/sys\.env\("([^"]+)"\)/g)]
  return [...braced, ...called].map(([, name = '', fallback]) => ({ name, hasDefault: fallback !== undefined }))
}

/** Those of `wanted` that are not among `known`. */
export function missing(wanted: readonly unknown[], known: readonly unknown[]): unknown[] {
  const set = new Set(known)
  return wanted.filter((one) => !set.has(one))
}

/** Every text in a value, however deep. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
