import { type Finding, finding } from './finding.js'
import { type Installed, type Inventory, resolvePackage } from './packages.js'
import { satisfies, versionOf } from './semver.js'

const api = '@opentelemetry/api'
/** One copy of each is enough, and more may be trouble. */
const single = ['pino', 'winston', 'spanlog', '@opentelemetry/sdk-trace-base', '@opentelemetry/sdk-trace'] as const

/** What is wrong with what is installed, whatever the code does with it. */
export function checkPackages(project: string, { packages, plugAndPlay, leftOut }: Inventory, nodeVersion: string): Finding[] {
  if (plugAndPlay) {
    return [finding('NOT_WALKED', "the packages lie in the archives of yarn's Plug'n'Play, which a walk of folders does not see")]
  }
  return [
    ...(leftOut > 0 ? [finding('NOT_WALKED', `${leftOut} folders were not looked into, since there are too many`)] : []),
    ...checkApi(project, packages),
    ...single.flatMap((name) => checkCopies(name, packages)),
    ...checkPeers(packages),
    ...packages.flatMap((one) => checkNode(one, nodeVersion)),
  ]
}

function checkApi(project: string, packages: readonly Installed[]): Finding[] {
  const copies = packages.filter(({ name }) => name === api)
  if (resolvePackage(project, api) === undefined) {
    return [finding('API_MISSING', `${api} is not installed where the project would find it: spanlog and every SDK need it`)]
  }
  const versions = new Set(copies.map(({ version }) => version))
  const paths = copies.map(place)
  if (versions.size > 1) {
    const lines = new Set(copies.map(({ version }) => versionOf(version)?.slice(0, 2).join('.')))
    const [what, severity] =
      lines.size > 1
        ? (['a newer one sees nothing of what an older one has registered', 'error'] as const)
        : (['each sees what one has registered, and no other can register more', 'warning'] as const)
    return [finding('API_COPIES', `${copies.length} copies of ${api} of different versions: ${what}`, { paths, severity })]
  }
  // They share what is registered.
  return copies.length > 1
    ? [finding('API_COPIES', `${copies.length} copies of ${api}, all ${copies[0]?.version}`, { paths, severity: 'info' })]
    : []
}

function checkCopies(name: string, packages: readonly Installed[]): Finding[] {
  const copies = packages.filter((one) => one.name === name)
  if (!areTrouble(copies)) return []
  const meaning = meanings[name] ?? 'an exporter of one line does not find in spans of the other what it looks for'
  return [finding('PACKAGE_COPIES', `${copies.length} copies of ${name}: ${meaning}`, { paths: copies.map(place), remedy: dedupe(name) })]
}

/** Spans are plain objects that copies of one line of the SDK take from each other: npm gives most projects several. */
export function areTrouble(copies: readonly Pick<Installed, 'name' | 'version'>[]): boolean {
  const isSdk = copies.some(({ name }) => name.startsWith('@opentelemetry/sdk-trace'))
  return isSdk ? new Set(copies.map(({ version }) => versionOf(version)?.[0])).size > 1 : copies.length > 1
}

const meanings: Readonly<Record<string, string>> = {
  pino: 'spanlog/pino makes the loggers of one of them trace-aware, spanlog/register those of all that are loaded',
  winston: 'spanlog/winston makes the loggers of one of them trace-aware, spanlog/register those of all that are loaded',
  spanlog: 'they share their state, and the first that is loaded sets its form',
}

export function dedupe(name: string): string {
  return `keep one version: \`npm ls ${name}\`, then \`npm dedupe\`, or \`overrides\` in package.json`
}

/** An optional peer that is missing is nothing, and of another npm has told. */
function checkPeers(packages: readonly Installed[]): Finding[] {
  const unfit = new Map<string, { peer: Installed; range: string; takers: Installed[] }>()
  for (const one of packages) {
    for (const [name, range] of Object.entries(one.peers)) {
      const peer = resolvePackage(one.path, name)
      if (peer === undefined || satisfies(peer.version, range)) continue
      const key = `${peer.path} ${one.name === 'spanlog'}`
      const known = unfit.get(key) ?? { peer, range, takers: [] }
      unfit.set(key, known)
      known.takers.push(one)
    }
  }
  return [...unfit.values()].map(({ peer, range, takers }) => {
    const [first] = takers
    const others = takers.length > 1 ? `, and ${takers.length - 1} more packages alike` : ''
    const what = `${first?.name} ${first?.version} takes ${peer.name} ${range}, and gets ${peer.version}${others}`
    const shutsOut = peer.name === api && first?.name !== 'spanlog'
    return finding(shutsOut ? 'SDK_SHUT_OUT' : 'PEER_VERSION', what, { paths: [peer, ...takers].map(place) })
  })
}

function checkNode({ name, version, node, path }: Installed, running: string): Finding[] {
  if (node === undefined || versionOf(running) === undefined || satisfies(running, node)) return []
  return [finding('NODE_VERSION', `${name} ${version} takes Node.js ${node}, and this is ${running}`, { paths: [path] })]
}

function place({ path, version }: Installed): string {
  return `${path} (${version})`
}
