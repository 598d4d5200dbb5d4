import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { TracerProvider } from '@opentelemetry/api'
import type { Instrumentation as Installed } from '@opentelemetry/instrumentation'
import { reportFault } from '../context/fault.js'
import { SpanlogError, unexpected } from '../errors.js'
import { missing, peers } from './peers.js'

/** An instrumentation of OpenTelemetry's, by what it instruments: its package, its class, and options that it needs. */
const packages = {
  http: ['@opentelemetry/instrumentation-http', 'HttpInstrumentation'],
  undici: ['@opentelemetry/instrumentation-undici', 'UndiciInstrumentation'],
  express: ['@opentelemetry/instrumentation-express', 'ExpressInstrumentation'],
  fastify: ['@fastify/otel', 'FastifyOtelInstrumentation', { registerOnInitialization: true }],
  pg: ['@opentelemetry/instrumentation-pg', 'PgInstrumentation'],
  ioredis: ['@opentelemetry/instrumentation-ioredis', 'IORedisInstrumentation'],
  kafkajs: ['@opentelemetry/instrumentation-kafkajs', 'KafkaJsInstrumentation'],
  grpc: ['@opentelemetry/instrumentation-grpc', 'GrpcInstrumentation'],
} as const satisfies Record<string, readonly [name: string, exported: string, options?: object]>

export type InstrumentationName = keyof typeof packages

/** What is asked of an instrumentation of OpenTelemetry's: its own type is in a package that a service need not have. */
export interface Instrumentation {
  enable(): void
  disable(): void
  setTracerProvider(provider: TracerProvider): void
}

/** Each that is installed; or those of these names, or made elsewhere. */
export type Instrumentations = 'auto' | readonly (InstrumentationName | Instrumentation)[]

export const instrumentationNames = Object.keys(packages) as InstrumentationName[]

/** @throws SpanlogError INVALID_OPTION, PEER_MISSING */
export function makeInstrumentations(given: Instrumentations | undefined): Instrumentation[] {
  if (given === undefined) return []
  if (given === 'auto') {
    const found = instrumentationNames.flatMap(ifInstalled)
    if (found.length === 0)
      reportFault(
        `instrumentations: 'auto' found none of their packages, so nothing is traced by itself: run npm install "${packages.http[0]}@<0.300", …`,
      )
    return found
  }
  return given.map((each, i) => {
    if (typeof each === 'object' && typeof each?.setTracerProvider === 'function') return each
    if (typeof each === 'string' && Object.hasOwn(packages, each)) return make(each)
    throw unexpected(`instrumentations[${i}]`, `one of ${instrumentationNames.join(', ')}, or an instrumentation`, each)
  })
}

/** @returns takes their patches away again */
export function registerInstrumentations(instrumentations: Instrumentation[], tracerProvider: TracerProvider): () => void {
  if (instrumentations.length === 0) return () => undefined
  hookImports()
  return peers.instrumentation().registerInstrumentations({ instrumentations: instrumentations as Installed[], tracerProvider })
}

function ifInstalled(name: InstrumentationName): Instrumentation[] {
  try {
    return [make(name)]
  } catch (error) {
    if (error instanceof SpanlogError && error.code === 'PEER_MISSING') return []
    // One that does not work must not take the others with it, nor the service.
    reportFault(`the instrumentation of ${name} could not be made`, error)
    return []
  }
}

function make(name: InstrumentationName): Instrumentation {
  const [packageName, exported, options] = packages[name] as readonly [string, string, object?]
  const Made = load(packageName)[exported]
  if (Made === undefined) throw new SpanlogError('PEER_MISSING', `Expected ${packageName} to export ${exported}`)
  return new Made(options)
}

function load(name: string): Record<string, (new (options?: object) => Instrumentation) | undefined> {
  try {
    return require(name) as ReturnType<typeof load>
  } catch (cause) {
    throw missing(name, cause)
  }
}

let hooked = false

/** What is loaded by `import` is out of reach of `require`, which instrumentations watch by themselves. */
function hookImports(): void {
  if (hooked) return
  hooked = true
  try {
    if (!hookInThread()) register('@opentelemetry/instrumentation/hook.mjs', pathToFileURL(__filename))
  } catch (error) {
    reportFault('modules that are loaded by import cannot be instrumented', error)
  }
}

/** Node 26 deprecates hooks in a thread of their own (DEP0205); older versions of what OpenTelemetry hooks by have no others. */
function hookInThread(): boolean {
  if (Number.parseInt(process.versions.node, 10) < 26) return false
  try {
    const requireBeside = createRequire(createRequire(__filename).resolve('@opentelemetry/instrumentation'))
    const hooks = requireBeside('import-in-the-middle/register-hooks.mjs') as { register(): void }
    hooks.register()
    return true
  } catch {
    return false
  }
}
