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

/** Every copy of what lines and traces are made by: in `node_modules` of the project and of the folders around it, nested and pnpm's. */
export function inventoryOf(project: string): Inventory {
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
      if (folder === undefined) continue
      const found = wanted.test(name) && !packages.has(folder) ? readPackage(folder) : undefined
      if (found !== undefined) packages.set(folder, found)
      todo.push(path.join(folder, 'node_modules'))
    }
    // pnpm keeps each package in a folder of its own, with links to what it needs beside it.
    for (const entry of entriesOf(path.join(real, '.pnpm'))) todo.push(path.join(real, '.pnpm', entry.name, 'node_modules'))
  }
  return { packages: [...packages.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)), plugAndPlay, leftOut }
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
  try {
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
    const { name, version, peerDependencies = {}, peerDependenciesMeta = {}, engines } = manifest
    if (typeof name !== 'string' || typeof version !== 'string') return undefined
    const optionalPeers = Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional === true)
    const node = engines?.node
    return { name, version, path: realPath(folder) ?? folder, peers: peerDependencies, optionalPeers, ...(node !== undefined && { node }) }
  } catch {
    // None, or none that could be read: node does not find it either.
    return undefined
  }
}

interface Manifest {
  name?: unknown
  version?: unknown
  peerDependencies?: Record<string, string>
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
