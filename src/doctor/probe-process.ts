import Module from 'node:module'
import path from 'node:path'
import type { ProcessFacts } from './facts.js'
import { type Installed, readPackage } from './packages.js'

// By its symbols, and without a copy of our own: one more would be one of the findings.
const key = Symbol.for('opentelemetry.js.api.1')

interface Globals {
  version?: string
  trace?: { getDelegate?(): object }
  context?: object
  propagation?: { fields?(): string[] }
}

interface Api {
  trace?: { getTracerProvider?(): unknown }
}

const watched = new Set(['@opentelemetry/api', '@opentelemetry/sdk-trace-base', '@opentelemetry/sdk-trace', 'pino', 'winston', 'spanlog'])

export function readProcess(loggers: Pick<ProcessFacts, 'unreached' | 'lines' | 'made'>): ProcessFacts {
  const globals = (globalThis as { [key]?: Globals })[key] ?? {}
  const { version, trace, context, propagation } = globals
  return {
    pid: process.pid,
    node: process.version,
    main: process.argv[1] ?? '',
    ...(trace !== undefined && { provider: nameOfProvider(trace) }),
    ...(trace !== undefined || context !== undefined || propagation !== undefined ? { apiVersion: String(version) } : {}),
    ...(context !== undefined && { contextManager: context.constructor.name }),
    ...(propagation !== undefined && { propagator: [...(propagation.fields?.() ?? [])] }),
    loaded: loadedCopies(trace),
    ...loggers,
  }
}

/** The API registers a proxy, which may have nothing behind it. */
function nameOfProvider(provider: NonNullable<Globals['trace']>): string {
  const delegate = provider.getDelegate?.() ?? provider
  const { name } = delegate.constructor
  return name === 'NoopTracerProvider' ? 'none behind the proxy' : name
}

/** By the files of CommonJS: what is imported by ESM and is CommonJS, as all of these are, is among them. */
function loadedCopies(provider: unknown): ProcessFacts['loaded'] {
  const modules = (Module as unknown as { _cache: Readonly<Record<string, { exports: unknown } | undefined>> })._cache
  const copies = new Map<string, Installed & { seesProvider?: boolean }>()
  for (const [file, module] of Object.entries(modules)) {
    const folder = packageFolder(file)
    const known: (Installed & { seesProvider?: boolean }) | undefined =
      folder === undefined ? undefined : (copies.get(folder) ?? readPackage(folder))
    if (folder === undefined || known === undefined || !watched.has(known.name)) continue
    copies.set(folder, known)
    if (known.name === '@opentelemetry/api' && provider !== undefined) {
      const seen = (module?.exports as Api | undefined)?.trace?.getTracerProvider?.()
      if (seen !== undefined) known.seesProvider = seen === provider
    }
  }
  return [...copies.values()].map(({ name, version, path: folder, seesProvider }) => {
    const copy = { name, version, path: folder }
    return seesProvider === undefined ? copy : Object.assign(copy, { seesProvider })
  })
}

/** `/app/node_modules/@scope/name` of a file below it. */
function packageFolder(file: string): string | undefined {
  const marker = `${path.sep}node_modules${path.sep}`
  const at = file.lastIndexOf(marker)
  if (at < 0) return undefined
  const [first = '', second = ''] = file.slice(at + marker.length).split(path.sep)
  return file.slice(0, at + marker.length) + (first.startsWith('@') ? path.join(first, second) : first)
}
