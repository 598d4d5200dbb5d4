import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { refuseUnknownOptions, SpanlogError } from '../errors.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** The stores that are reached over HTTP. */
export const stores = ['loki', 'victorialogs', 'tempo', 'jaeger', 'zipkin'] as const
export type Store = (typeof stores)[number]

/** A store as `spanlog.json` names it. */
export interface StoreConfig {
  url: string
  tenant?: string
  username?: string
  password?: string
  bearerToken?: string
  headers?: Record<string, string>
  /** Paths of PEM files. */
  tls?: { ca?: string; cert?: string; key?: string }
}

/** Where Grafana is, and the UIDs of its data sources. */
export interface GrafanaConfig {
  url: string
  /** @defaultValue `loki` */
  loki?: string
  /** @defaultValue `tempo` */
  tempo?: string
}

/** `spanlog.json`: sources and credentials. */
export interface Config extends Partial<Record<Exclude<Store, 'loki' | 'victorialogs'>, StoreConfig>> {
  files?: string[]
  loki?: StoreConfig & { selector?: string }
  victorialogs?: StoreConfig & { selector?: string }
  grafana?: GrafanaConfig
  /** As `--audit`; what is asked is written to both. */
  audit?: string
  /** As `--max-bytes`. */
  maxBytes?: string
  /** Whether the user chose the file: by name, or by putting it into their own folder. */
  trusted?: boolean
}

const text = ['tenant', 'username', 'password', 'bearerToken'] as const

/**
 * The file that `--config` names, else `spanlog.json` in the working folder, else `spanlog/spanlog.json` in `~/.config` (or
 * `XDG_CONFIG_HOME`). Paths in it are relative to it. Values are never part of an error: they may be secrets.
 *
 * @throws SpanlogError INVALID_OPTION, FILE_UNREADABLE
 */
export async function readConfig(named: string | undefined, env: Environment): Promise<Config> {
  const home = env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || homedir(), '.config')
  const candidates = named === undefined ? ['spanlog.json', path.join(home, 'spanlog', 'spanlog.json')] : [named]
  for (const [index, file] of candidates.entries()) {
    const content = await contentOf(file, named !== undefined)
    if (content !== undefined) return { ...parseConfig(file, content), trusted: named !== undefined || index > 0 }
  }
  return {}
}

async function contentOf(file: string, mustExist: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (!mustExist && ['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined
    throw new SpanlogError('FILE_UNREADABLE', `the configuration ${file} could not be read`, { cause })
  }
}

function parseConfig(file: string, content: string): Config {
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch {
    // Without the cause: Node's text shows what stands around the fault.
    throw malformed(file, 'the file', 'JSON')
  }
  const config = record(file, 'the file', parsed, ['files', ...stores, 'grafana', 'audit', 'maxBytes'])
  const base = path.dirname(file)
  const { files, audit, maxBytes } = config
  if (files !== undefined && !(Array.isArray(files) && files.every((item) => typeof item === 'string' && item !== '')))
    throw malformed(file, '`files`', 'a list of paths')
  if (maxBytes !== undefined && typeof maxBytes !== 'string') throw malformed(file, '`maxBytes`', 'a size such as "10GB"')
  if (audit !== undefined && (typeof audit !== 'string' || audit === '')) throw malformed(file, '`audit`', 'the path of a file')
  const relative = (given: string): string => (given === '-' ? given : path.resolve(base, given))
  return {
    ...(files !== undefined && { files: (files as string[]).map(relative) }),
    ...(audit !== undefined && { audit: relative(audit) }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...Object.fromEntries(
      stores.flatMap((store) => (config[store] === undefined ? [] : [[store, parseStore(file, store, config[store])]])),
    ),
    ...(config['grafana'] !== undefined && { grafana: parseGrafana(file, config['grafana']) }),
  }
}

function parseStore(file: string, store: Store, given: unknown): StoreConfig {
  const fields = record(file, `\`${store}\``, given, [
    'url',
    ...text,
    'headers',
    'tls',
    ...(store === 'loki' || store === 'victorialogs' ? ['selector'] : []),
  ])
  checkTexts(file, store, fields, ['url'], [...text, 'selector'])
  const { headers, tls } = fields
  if (headers !== undefined) {
    const known = record(file, `\`${store}.headers\``, headers)
    checkTexts(file, `${store}.headers`, known, Object.keys(known), [])
  }
  if (tls !== undefined) {
    const paths = record(file, `\`${store}.tls\``, tls, ['ca', 'cert', 'key'])
    checkTexts(file, `${store}.tls`, paths, [], ['ca', 'cert', 'key'])
    fields['tls'] = Object.fromEntries(Object.entries(paths).map(([name, to]) => [name, path.resolve(path.dirname(file), to as string)]))
  }
  return fields as unknown as StoreConfig
}

function parseGrafana(file: string, given: unknown): GrafanaConfig {
  const fields = record(file, '`grafana`', given, ['url', 'loki', 'tempo'])
  checkTexts(file, 'grafana', fields, ['url'], ['loki', 'tempo'])
  return fields as unknown as GrafanaConfig
}

/** A copy, so that what is changed in it stays its own. */
function record(file: string, what: string, given: unknown, known?: readonly string[]): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw malformed(file, what, 'an object')
  if (known !== undefined) refuseUnknownOptions(`${file}: ${what}`, given, known)
  return { ...given }
}

function checkTexts(
  file: string,
  where: string,
  fields: Record<string, unknown>,
  required: readonly string[],
  optional: readonly string[],
): void {
  for (const name of [...required, ...optional]) {
    const value = fields[name]
    const isMissing = value === undefined && !required.includes(name)
    if (!isMissing && (typeof value !== 'string' || value === ''))
      throw malformed(file, `\`${where}.${name}\``, 'a string that is not empty')
  }
}

function malformed(file: string, what: string, expectation: string): SpanlogError {
  return new SpanlogError('INVALID_OPTION', `Expected ${what} in ${file} to be ${expectation}`, { remedy: 'correct the configuration' })
}
