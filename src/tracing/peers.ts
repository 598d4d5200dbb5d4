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
  otlpTransformer: () => {
    try {
      return require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer')
    } catch (cause) {
      throw missing('@opentelemetry/otlp-transformer', cause)
    }
  },
}

/** A package that is there and fails for a reason of its own must show that reason. */
function missing(name: string, cause: unknown): unknown {
  const { code, message } = cause as { code?: unknown; message?: unknown }
  if (code !== 'MODULE_NOT_FOUND' || !String(message).includes(`'${name}'`)) return cause
  return new SpanlogError('PEER_MISSING', `Expected the package ${name} to be installed`, {
    cause,
    // Plain names would install the 3.x line, which fits neither this SDK nor Node 20.
    remedy: `run npm install "${name}@${name.includes('otlp') ? '<0.300' : '2'}"`,
  })
}
