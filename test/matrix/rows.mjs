// What is tried with what. Versions are exact, so that a row that turns red says that our code did.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './install.mjs'
import { byBun, byDeno, byEsbuild, byJest, byNext, byNode, byRollup, byTsx, byTypeScript, byViteSsr, byVitest, byWebpack } from './ways.mjs'

const { devDependencies, dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const of = (...names) => Object.fromEntries(names.map((name) => [name, devDependencies[name]]))

const otel = (version) => ({
  '@opentelemetry/sdk-trace-node': version,
  '@opentelemetry/core': version,
  '@opentelemetry/resources': version,
  '@opentelemetry/context-async-hooks': version,
})
const usual = { ...dependencies, ...of('@opentelemetry/api', 'pino', 'winston'), ...otel(devDependencies['@opentelemetry/sdk-trace-node']) }
const node = (version) => ({ [`node-${process.platform}-${process.arch}`]: version })
const types = of('@types/node')

/** @param known - checks that are known to fail there, and told in docs/compatibility.md */
const row = (area, name, packages, run, known = []) => ({ area, name, packages: { ...usual, ...packages }, run, known })

export const rows = [
  row('Node', '20.19.0', node('20.19.0'), byNode),
  row('Node', '22.23.3', node('22.23.3'), byNode),
  row('Node', '24.21.0', node('24.21.0'), byNode),
  row('Node', '26.10.0', node('26.10.0'), byNode),
  row('OpenTelemetry', 'API 1.9.0, SDK 2.0.0', { '@opentelemetry/api': '1.9.0', ...otel('2.0.0') }, byNode),
  row('OpenTelemetry', 'API 1.9.1, SDK 2.12.0', {}, byNode),
  row('pino', '9.0.0', { pino: '9.0.0' }, byNode),
  row('pino', '9.14.0', { pino: '9.14.0' }, byNode),
  row('pino', '10.0.0', { pino: '10.0.0' }, byNode),
  row('pino', '10.4.0', { pino: '10.4.0' }, byNode),
  row('winston', '3.0.0', { winston: '3.0.0' }, byNode),
  row('winston', '3.19.0', { winston: '3.19.0' }, byNode),
  row('Bundler', 'esbuild 0.28.2', { esbuild: '0.28.2' }, byEsbuild),
  row('Bundler', 'webpack 5.112.2', { webpack: '5.112.2' }, byWebpack),
  row(
    'Bundler',
    'rollup 4.68.7',
    { rollup: '4.68.7', '@rollup/plugin-node-resolve': '16.0.3', '@rollup/plugin-commonjs': '29.0.0', '@rollup/plugin-json': '6.1.0' },
    byRollup,
  ),
  row('Bundler', 'Vite 8.3.8, SSR', { vite: '8.3.8' }, byViteSsr),
  row('Bundler', 'Next 16.4.6, all bundled', { next: '16.4.6', react: '19.2.0', 'react-dom': '19.2.0' }, byNext([])),
  row(
    'Bundler',
    'Next 16.4.6, loggers outside',
    { next: '16.4.6', react: '19.2.0', 'react-dom': '19.2.0' },
    byNext(['spanlog', 'pino', 'winston']),
  ),
  row('Test runner', 'Jest 30.5.2', { jest: '30.5.2' }, byJest),
  row('Test runner', 'Vitest 5.1.1', { vitest: '5.1.1', vite: '8.3.8' }, byVitest),
  row('Test runner', 'Vitest 4.1.12', { vitest: '4.1.12', vite: '8.3.8' }, byVitest),
  row('TypeScript', 'tsx 4.23.15', { tsx: '4.23.15' }, byTsx),
  ...['5.6.3', '5.7.3', '5.8.3', '5.9.3', '6.0.3', '7.0.2'].map((version) =>
    row('TypeScript', version, { typescript: version, ...types }, byTypeScript),
  ),
  row('Other runtimes', 'Bun 1.4.5', { bun: '1.4.5' }, byBun),
  row('Other runtimes', 'Deno 2.9.6', { deno: '2.9.6' }, byDeno),
]
