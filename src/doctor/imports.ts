import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Where a project's own files import a package, or a path of it. */
export interface Imports {
  /** Files by what they import, such as `pino` or `spanlog/pino`: `src/log.ts:3`. */
  places: ReadonlyMap<string, readonly string[]>
  /** What is asked for when the program is started: by scripts of package.json, Dockerfiles and the like. */
  preloads: string
  /** Of pino-http: files that say where the ID of a request comes from. */
  texts: ReadonlyMap<string, string>
}

const sources = /\.(?:[cm]?[jt]s|[jt]sx)$/
const starters = /^(?:package\.json|Dockerfile.*|Procfile|ecosystem\.config\.[cm]?js|.*\.ya?ml)$/
const leftOut = new Set(['node_modules', 'coverage', 'test', 'tests', '__tests__', 'bench', 'examples'])
const mostFiles = 20_000
const longest = 1_000_000

// Types are gone when the program runs.
const statement =
  /^[ \t]*(?:import|export)\s(?!type\b)[^'"`;]*?from\s*['"]([^'"\n]+)['"]|^[ \t]*import\s*['"]([^'"\n]+)['"]|\b(?:require|import)\(\s*['"]([^'"\n]+)['"]\s*\)/gm

/** What the files of a project import, without its tests, and what it is started with. Read, not run. */
export function importsOf(project: string): Imports {
  const places = new Map<string, string[]>()
  const texts = new Map<string, string>()
  let preloads = process.env['NODE_OPTIONS'] ?? ''
  let files = 0
  const todo = [project]
  for (let folder = todo.pop(); folder !== undefined && files < mostFiles; folder = todo.pop()) {
    for (const entry of entriesOf(folder)) {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory()) {
        if (!leftOut.has(entry.name) && !entry.name.startsWith('.')) todo.push(file)
      } else if (folder === project && starters.test(entry.name)) preloads += `\n${starterText(file)}`
      else if (sources.test(entry.name) && !/\.(?:test|spec|d)\.[^.]+$/.test(entry.name) && files++ < mostFiles) read(file)
    }
  }
  return { places, preloads, texts }

  function read(file: string): void {
    const text = textOf(file)
    for (const match of text.matchAll(statement)) {
      const name = match[1] ?? match[2] ?? match[3] ?? ''
      if (name.startsWith('.') || name.startsWith('node:')) continue
      const line = text.slice(0, match.index).split('\n').length + (/^\s*\n/.test(match[0]) ? 1 : 0)
      places.set(name, [...(places.get(name) ?? []), `${path.relative(project, file)}:${line}`])
      if (name === 'pino-http') texts.set(path.relative(project, file), text)
    }
  }
}

/** What is installed is not started yet: of package.json the scripts count. */
function starterText(file: string): string {
  const text = textOf(file)
  if (path.basename(file) !== 'package.json') return text
  try {
    const { scripts } = JSON.parse(text) as { scripts?: unknown }
    return JSON.stringify(scripts) ?? ''
  } catch {
    return ''
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function textOf(file: string): string {
  try {
    // A bundle is what the files of the project were made into.
    return statSync(file).size > longest ? '' : readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
