// The ways a program comes to run. Each takes the application's folder and gives what the checks came to, over ES modules and CommonJS.

import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { run } from './install.mjs'

/** Another Node than this one comes from npm. */
export function byNode(folder) {
  const own = path.join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`)
  return runs(folder, existsSync(own) ? own : process.execPath, [
    ['main.mjs'],
    ['main.cjs'],
    ['--import', 'spanlog/register', 'registered.mjs'],
  ])
}

export const byBun = (folder) =>
  runs(folder, program(folder, 'bun'), [['main.mjs'], ['main.cjs'], ['--preload', 'spanlog/register', 'registered.mjs']])

export function byDeno(folder) {
  const flags = ['run', '--quiet', '--allow-all', '--node-modules-dir=manual']
  return runs(folder, program(folder, 'deno'), [
    [...flags, 'main.mjs'],
    [...flags, 'main.cjs'],
    [...flags, '--preload', 'node_modules/spanlog/dist/adapters/register.mjs', 'registered.mjs'],
  ])
}

export const byTsx = (folder) =>
  runs(folder, process.execPath, [
    ['--import', 'tsx', 'start.mts'],
    ['--import', 'tsx', 'main.cjs'],
    ['--import', 'tsx', '--import', 'spanlog/register', 'registered.mjs'],
  ])

// Found by its name at run time, and so never in a bundle.
const sdk = /^@opentelemetry\/(?!api$)/
const requireInModules = "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);"

export async function byEsbuild(folder) {
  const { build } = await load(folder, 'esbuild')
  const common = { absWorkingDir: folder, bundle: true, platform: 'node', external: ['@opentelemetry/sdk-*'], logLevel: 'silent' }
  await build({ ...common, entryPoints: ['main.mjs'], outfile: 'out/esbuild.mjs', format: 'esm', banner: { js: requireInModules } })
  await build({ ...common, entryPoints: ['main.cjs'], outfile: 'out/esbuild.cjs', format: 'cjs' })
  return runs(folder, process.execPath, [['out/esbuild.mjs'], ['out/esbuild.cjs']])
}

export async function byRollup(folder) {
  // Of undici rollup makes an import of `node:sqlite` at the start, which Node 20 has not.
  const { rollup } = await load(folder, 'rollup')
  const names = ['node-resolve', 'commonjs', 'json']
  const plugins = await Promise.all(
    names.map(async (name) => (await load(folder, `@rollup/plugin-${name}`)).default({ exportConditions: ['node'] })),
  )
  const bundle = await rollup({ input: path.join(folder, 'main.mjs'), plugins, external: [sdk, 'undici'], logLevel: 'silent' })
  await bundle.write({ file: path.join(folder, 'out/rollup.mjs'), format: 'esm', inlineDynamicImports: true, banner: requireInModules })
  await bundle.close()
  return runs(folder, process.execPath, [['out/rollup.mjs']])
}

export async function byWebpack(folder) {
  const { default: webpack } = await load(folder, 'webpack')
  const files = []
  for (const entry of ['./main.mjs', './main.cjs']) {
    const output = { path: path.join(folder, 'out'), filename: `webpack-${path.extname(entry).slice(1)}.cjs` }
    const externals = ({ request }, done) => (sdk.test(request) ? done(null, `commonjs ${request}`) : done())
    const compiler = webpack({ context: folder, entry, mode: 'production', target: 'node20', externals: [externals], output })
    const stats = await new Promise((resolve, reject) => compiler.run((error, done) => (error ? reject(error) : resolve(done))))
    if (stats.hasErrors()) throw new Error(stats.toJson({ errors: true }).errors[0].message)
    files.push([`out/${output.filename}`])
  }
  return runs(folder, process.execPath, files)
}

export async function byViteSsr(folder) {
  const { build } = await load(folder, 'vite')
  const output = { entryFileNames: 'vite.mjs' }
  await build({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    build: { ssr: 'main.mjs', outDir: 'out', emptyOutDir: false, rollupOptions: { output } },
    ssr: { noExternal: ['spanlog'] },
  })
  return runs(folder, process.execPath, [['out/vite.mjs']])
}

/** A route handler of a production build. Next bundles what is imported, but for the packages in `serverExternalPackages`. */
export const byNext = (externals) => (folder) => {
  const app = path.join(folder, 'next')
  writeFileSync(
    path.join(app, 'next.config.mjs'),
    `export default ${JSON.stringify({ serverExternalPackages: externals, outputFileTracingRoot: folder, turbopack: { root: folder } })}\n`,
  )
  rmSync(path.join(app, '.next'), { recursive: true, force: true })
  run(process.execPath, [path.join(folder, 'node_modules/next/dist/bin/next'), 'build'], app, { NEXT_TELEMETRY_DISABLED: '1', CI: '1' })
  return read(run(process.execPath, ['serve.mjs'], app, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }))
}

export const byJest = (folder) => runs(folder, process.execPath, [['node_modules/jest/bin/jest.js']])

export const byVitest = (folder) => runs(folder, process.execPath, [['node_modules/vitest/vitest.mjs', 'run']])

export function byTypeScript(folder) {
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], folder)
  return { types: true }
}

function runs(folder, file, lists) {
  const results = {}
  for (const args of lists)
    for (const [check, result] of Object.entries(attempt(() => read(run(file, args, folder)), args)))
      if (results[check] === undefined || results[check] === true) results[check] = result
  return results
}

/** A program that does not come so far as to check is a finding of its own; the others still tell theirs. */
function attempt(check, args) {
  try {
    return check()
  } catch (error) {
    return { [args.at(-1).startsWith('registered') ? 'register' : 'start']: error.message, cause: error.cause }
  }
}

/** The last line that is a JSON object: bundlers and test runners write beside it. */
function read(output) {
  // Test runners colour what they show.
  const lines = output.split('\n').map((text) => stripVTControlCharacters(text))
  const line = lines.findLast((text) => text.startsWith('{"') && text.endsWith('}'))
  if (line === undefined) throw new Error('wrote no results', { cause: output })
  return JSON.parse(line)
}

const program = (folder, name) => path.join(folder, 'node_modules/.bin', name)

/** The bundler that the application has installed. */
function load(folder, name) {
  return import(pathToFileURL(createRequire(path.join(folder, 'package.json')).resolve(name)).href)
}
