import { type Dirent, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** A package as it lies on the disk. */
export interface Installed {
  name: string
  version: string
  /** Its folder, without links. */
  path: string
  peers: Readonly<Record<string, string>>
  optionalPeers: readonly string[]
  /** The range of Node.js that it asks for. */
  node?: string
}

/** What a project has installed. */
export interface Inventory {
  packages: Installed[]
  /** Yarn's Plug'n'Play: packages lie in archives that only its own loader reads. */
  plugAndPlay: boolean
  /** Folders that were not looked into, since there are too many. */
  leftOut: number
}

/** Of these, and of all that is below a scope of OpenTelemetry, it matters who has which. */
const wanted = /^(?:@opentelemetry\/.+|pino|pino-http|winston|spanlog|nestjs-pino|winston-transport)$/
const mostFolders = 50_000

/**
 * Every copy of what lines and traces are made by, that the project may come to load: in `node_modules` of the project and of the folders
 * around it, nested, and pnpm's. Of other packages of its monorepo only what it depends on.
 */
export function inventoryOf(project: string): Inventory {
  const own = `${realPath(project) ?? project}${path.sep}`
  const needs = needsOf(project)
  const packages = new Map<string, Installed>()
  const seen = new Set<string>()
  let leftOut = 0
  const todo = foldersAround(project).map((folder) => path.join(folder, 'node_modules'))
  const plugAndPlay = foldersAround(project).some((folder) => existsSync(path.join(folder, '.pnp.cjs')))
  for (let modules = todo.pop(); modules !== undefined; modules = todo.pop()) {
    const real = realPath(modules)
    if (real === undefined || seen.has(real)) continue
    seen.add(real)
    if (seen.size > mostFolders) {
      leftOut++
      continue
    }
    for (const name of packagesIn(real)) {
      const folder = realPath(path.join(real, name))
      if (folder === undefined || (isLinked(folder) && !folder.startsWith(own) && !needs.has(name))) continue
      const found = wanted.test(name) && !packages.has(folder) ? readPackage(folder) : undefined
      if (found !== undefined) packages.set(folder, found)
      // pnpm keeps each package in a folder of its own, with links to what it needs beside it.
      const beside = folder.lastIndexOf(modulesFolder)
      todo.push(path.join(folder, 'node_modules'), ...(beside < 0 ? [] : [folder.slice(0, beside + modulesFolder.length)]))
    }
  }
  return { packages: [...packages.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)), plugAndPlay, leftOut }
}

const modulesFolder = `${path.sep}node_modules${path.sep}`

/** A package of the same monorepo. */
function isLinked(folder: string): boolean {
  return !folder.includes(modulesFolder)
}

/** Names that a project's manifest asks for, and those of the packages of its monorepo that are among them. */
function needsOf(folder: string, needs = new Set<string>()): Set<string> {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifestOf(folder) ?? {}
  for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies })) {
    if (needs.has(name)) continue
    needs.add(name)
    const found = foldersAround(folder).flatMap((around) => realPath(path.join(around, 'node_modules', name)) ?? [])[0]
    if (found !== undefined && isLinked(found)) needsOf(found, needs)
  }
  return needs
}

/** The package of a name that code in a folder gets, as node looks it up. */
export function resolvePackage(from: string, name: string): Installed | undefined {
  for (const folder of foldersAround(from)) {
    const found = readPackage(path.join(folder, 'node_modules', name))
    if (found !== undefined) return found
  }
  return undefined
}

export function readPackage(folder: string): Installed | undefined {
  const { name, version, peerDependencies = {}, peerDependenciesMeta = {}, engines } = manifestOf(folder) ?? {}
  if (typeof name !== 'string' || typeof version !== 'string') return undefined
  const optionalPeers = Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional === true)
  const node = engines?.node
  return { name, version, path: realPath(folder) ?? folder, peers: peerDependencies, optionalPeers, ...(node !== undefined && { node }) }
}

/** @returns `undefined` where there is none, or none that could be read: node does not find it either */
function manifestOf(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return undefined
  }
}

type Ranges = Record<string, string>

interface Manifest {
  name?: unknown
  version?: unknown
  dependencies?: Ranges
  devDependencies?: Ranges
  optionalDependencies?: Ranges
  peerDependencies?: Ranges
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
  engines?: { node?: string }
}

/** The folder and those it lies in, nearest first. */
function foldersAround(folder: string): string[] {
  const folders: string[] = []
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (path.basename(at) !== 'node_modules') folders.push(at)
    if (path.dirname(at) === at) return folders
  }
}

function packagesIn(modules: string): string[] {
  return entriesOf(modules)
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap(({ name }) => (name.startsWith('@') ? entriesOf(path.join(modules, name)).map((inner) => `${name}/${inner.name}`) : [name]))
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
  } catch {
    return []
  }
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}
