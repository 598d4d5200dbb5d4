import { SpanlogError } from '../errors.js'

/**
 * The optional peers, loaded when they are needed: who exports to a file alone need not install the exporter to OTLP, and
 * who lacks one reads how to install it. Each `require` is written out, so that bundlers see it.
 */
export const peers = {
  sdk: () =>
    load('@opentelemetry/sdk-trace-node', () => require('@opentelemetry/sdk-trace-node') as typeof import('@opentelemetry/sdk-trace-node')),
  core: () => load('@opentelemetry/core', () => require('@opentelemetry/core') as typeof import('@opentelemetry/core')),
  resources: () => load('@opentelemetry/resources', () => require('@opentelemetry/resources') as typeof import('@opentelemetry/resources')),
  contextAsyncHooks: () =>
    load(
      '@opentelemetry/context-async-hooks',
      () => require('@opentelemetry/context-async-hooks') as typeof import('@opentelemetry/context-async-hooks'),
    ),
  otlpHttp: () =>
    load(
      '@opentelemetry/exporter-trace-otlp-http',
      () => require('@opentelemetry/exporter-trace-otlp-http') as typeof import('@opentelemetry/exporter-trace-otlp-http'),
    ),
  otlpTransformer: () =>
    load(
      '@opentelemetry/otlp-transformer',
      () => require('@opentelemetry/otlp-transformer') as typeof import('@opentelemetry/otlp-transformer'),
    ),
}

function load<T>(name: string, require: () => T): T {
  try {
    return require()
  } catch (cause) {
    // A package that is there and fails for a reason of its own must show that reason.
    const { code, message } = cause as { code?: unknown; message?: unknown }
    if (code !== 'MODULE_NOT_FOUND' || !String(message).includes(`'${name}'`)) throw cause
    throw new SpanlogError('PEER_MISSING', `Expected the package ${name} to be installed`, {
      cause,
      // Plain names would install the 3.x line, which fits neither this SDK nor Node 20.
      remedy: `run npm install "${name}@${name.includes('otlp') ? '<0.300' : '2'}"`,
    })
  }
}
