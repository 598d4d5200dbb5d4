import { createRequire } from 'node:module'
import { SpanlogError } from '../errors.js'

/**
 * The optional peers, loaded when they are needed: who exports to a file alone need not install the exporter to OTLP, and
 * who lacks one reads how to install it. Each `require` stands in a `try` of its own: so a bundler sees it, and takes it for optional.
 */
export const peers = {
  sdk: () => {
    try {
      return require('@opentelemetry/sdk-trace-node') as typeof import('@opentelemetry/sdk-trace-node')
    } catch (cause) {
      throw missing('@opentelemetry/sdk-trace-node', cause)
    }
  },
  core: () => {
    try {
      return require('@opentelemetry/core') as typeof import('@opentelemetry/core')
    } catch (cause) {
      throw missing('@opentelemetry/core', cause)
    }
  },
  resources: () => {
    try {
      return require('@opentelemetry/resources') as typeof import('@opentelemetry/resources')
    } catch (cause) {
      throw missing('@opentelemetry/resources', cause)
    }
  },
  contextAsyncHooks: () => {
    try {
      return require('@opentelemetry/context-async-hooks') as typeof import('@opentelemetry/context-async-hooks')
    } catch (cause) {
      throw missing('@opentelemetry/context-async-hooks', cause)
    }
  },
  otlpHttp: () => {
    try {
      return require('@opentelemetry/exporter-trace-otlp-http') as typeof import('@opentelemetry/exporter-trace-otlp-http')
    } catch (cause) {
      throw missing('@opentelemetry/exporter-trace-otlp-http', cause)
    }
  },
  otlpGrpc: () => {
    try {
      return require('@opentelemetry/exporter-trace-otlp-grpc') as typeof import('@opentelemetry/exporter-trace-otlp-grpc')
    } catch (cause) {
      throw missing('@opentelemetry/exporter-trace-otlp-grpc', cause)
    }
  },
  grpc: () => {
    try {
      return require('@grpc/grpc-js') as typeof import('@grpc/grpc-js')
    } catch (cause) {
      throw missing('@grpc/grpc-js', cause)
    }
  },
  zipkin: () => {
    try {
      return require('@opentelemetry/exporter-zipkin') as typeof import('@opentelemetry/exporter-zipkin')
    } catch (cause) {
      throw missing('@opentelemetry/exporter-zipkin', cause)
    }
  },
  otlpTransformer: () => {
    try {
      return require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer')
    } catch (cause) {
      throw missing('@opentelemetry/otlp-transformer', cause)
    }
  },
  containerDetector: () => {
    try {
      return require('@opentelemetry/resource-detector-container') as typeof import('@opentelemetry/resource-detector-container')
    } catch (cause) {
      throw missing('@opentelemetry/resource-detector-container', cause)
    }
  },
  instrumentation: () => {
    try {
      return require('@opentelemetry/instrumentation') as typeof import('@opentelemetry/instrumentation')
    } catch (cause) {
      throw missing('@opentelemetry/instrumentation', cause)
    }
  },
}

/** Plain names would install the 3.x line where there is one, which fits neither this SDK nor Node 20. */
function versionOf(name: string): string {
  if (name === '@grpc/grpc-js') return '1'
  if (/otlp|instrumentation|detector/.test(name)) return '<0.300'
  return name.startsWith('@opentelemetry/') ? '2' : 'latest'
}

/** Those without which nothing is traced. */
const needed = ['sdk-trace-node', 'core', 'resources', 'context-async-hooks'].map((name) => `@opentelemetry/${name}`)

/** A package that is there and fails for a reason of its own must show that reason. */
export function missing(name: string, cause: unknown): unknown {
  const { code, message } = cause as { code?: unknown; message?: unknown }
  if (code !== 'MODULE_NOT_FOUND' || !String(message).includes(`'${name}'`)) return cause
  // All at once: one line to copy, not one a run.
  const absent = [name, ...(needed.includes(name) ? needed : []).filter((each) => each !== name && isAbsent(each))]
  return new SpanlogError('PEER_MISSING', `Expected the package${absent.length > 1 ? 's' : ''} ${absent.join(', ')} to be installed`, {
    cause,
    remedy: `run npm install ${absent.map((each) => `"${each}@${versionOf(each)}"`).join(' ')}`,
  })
}

/** Not by `require.resolve`, which bundlers would want to follow. */
function isAbsent(name: string): boolean {
  try {
    createRequire(__filename).resolve(name)
    return false
  } catch {
    return true
  }
}
