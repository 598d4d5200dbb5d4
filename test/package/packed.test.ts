import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports)
  // What is imported for what it does: register, and the matchers, which want their test runner.
  .filter((entry) => !['./package.json', './register', './testing/vitest', './testing/jest'].includes(entry))
  .map((entry) => entry.replace('.', 'spanlog'))
// What a user of each entry installs, in the versions that this project is developed with.
const peers = [
  'pino',
  'winston',
  '@opentelemetry/api',
  ...Object.keys(manifest.peerDependencies).filter((name) => /opentelemetry\/(?!api)/.test(name)),
]
let app: string

beforeAll(async () => {
  app = mkdtempSync(path.join(tmpdir(), 'spanlog-packed-'))
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', app], { cwd: root })
  const [{ filename }] = JSON.parse(stdout)
  writeFileSync(path.join(app, 'package.json'), '{ "private": true }')
  const [modules, ours] = [path.join(app, 'node_modules'), path.join(root, 'node_modules')]
  // npm finds there what it would fetch; peers it would take away again: they follow.
  for (const name of Object.keys(manifest.dependencies)) cpSync(path.join(ours, name), path.join(modules, name), { recursive: true })
  await run('npm', ['install', '--no-audit', '--no-fund', '--offline', '--legacy-peer-deps', `./${filename}`], { cwd: app })
  for (const name of peers) {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true })
    symlinkSync(path.join(ours, name), path.join(modules, name))
  }
}, 180_000)
afterAll(() => rmSync(app, { recursive: true, force: true }))

async function program(name: string, text: string, flags: readonly string[] = []): Promise<string> {
  writeFileSync(path.join(app, name), text)
  return (await run(process.execPath, [...flags, name], { cwd: app })).stdout
}

describe('packed and installed into an empty project', () => {
  it('each entry gives the same names by import and by require', async () => {
    const out = await program(
      'names.mjs',
      `import { createRequire } from 'node:module'
       const require = createRequire(import.meta.url)
       const namesOf = async (entry) => {
         const [esm, cjs] = [await import(entry), require(entry)]
         const logger = ['spanlog/pino', 'spanlog/winston'].includes(entry)
         const differing = Object.keys(esm).filter((name) => !['default', 'module.exports'].includes(name) && esm[name] !== cjs[name])
         const missing = logger ? [] : Object.keys(cjs).filter((name) => !(name in esm))
         return { entry, differing, missing, some: Object.keys(esm).length > 0 }
       }
       console.log(JSON.stringify(await Promise.all(${JSON.stringify(entries)}.map(namesOf))))`,
    )
    expect(JSON.parse(out)).toEqual(entries.map((entry) => ({ entry, differing: [], missing: [], some: true })))
  })

  const main = `
    withSpan('job', () => pino({ base: null, timestamp: false }).info('from pino'))
    withSpan('job', () => winston.createLogger({ transports: [new winston.transports.Console()] }).info('from winston'))`

  it.each([
    [
      'main.mjs',
      `import { withSpan } from 'spanlog'
       import pino from 'spanlog/pino'
       import winston from 'spanlog/winston'`,
    ],
    [
      'main.cjs',
      `const { withSpan } = require('spanlog')
       const pino = require('spanlog/pino')
       const winston = require('spanlog/winston')`,
    ],
  ])('%s writes lines that know their trace', async (name, imports) => {
    const lines = (await program(name, imports + main))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      expect.objectContaining({ msg: 'from pino', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) }),
      expect.objectContaining({ message: 'from winston', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) }),
    ])
  })

  const plain = {
    mjs: `import { withSpan } from 'spanlog'; import pino from 'pino'; import winston from 'winston'`,
    cjs: `const { withSpan } = require('spanlog'), pino = require('pino'), winston = require('winston')`,
  }
  it.each([
    ['registered.mjs', `import 'spanlog/register'; ${plain.mjs}`, []],
    ['registered-last.mjs', `${plain.mjs}; import 'spanlog/register'`, []],
    ['registered.cjs', `require('spanlog/register'); ${plain.cjs}`, []],
    ['by-import.mjs', plain.mjs, ['--import', 'spanlog/register']],
    ['by-import.cjs', plain.cjs, ['--import', 'spanlog/register']],
    ['by-require.cjs', plain.cjs, ['--require', 'spanlog/register']],
  ])('%s writes lines that know their trace, by spanlog/register', async (name, imports, flags) => {
    const lines = (await program(name, imports + main, flags)).trim().split('\n')
    expect(lines.map((line) => line.split('"trace_id"').length - 1)).toEqual([1, 1])
  })

  it.each([
    ['nodenext', 'nodenext', ['use.mts', 'use.cts']],
    ['node16', 'node16', ['use.mts']],
    ['esnext', 'bundler', ['use.ts']],
  ])('type-checks under strict with module %s, moduleResolution %s, in %j', async (module, moduleResolution, files) => {
    const text = readFileSync(path.join(root, 'test/matrix/app/use.mts'), 'utf8')
    for (const file of files) writeFileSync(path.join(app, file), text)
    const options = [
      '--strict',
      '--noEmit',
      '--target',
      'es2022',
      '--module',
      module,
      '--moduleResolution',
      moduleResolution,
      '--esModuleInterop',
      // Other tests run on the other processors; together its threads take half as long again.
      '--singleThreaded',
    ]
    const types = ['--types', 'node', '--typeRoots', path.join(root, 'node_modules/@types')]
    const { stdout } = await run(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), ...options, ...types, ...files], {
      cwd: app,
    }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  })

  it('has a command line', async () => {
    const { stdout } = await run(path.join(app, 'node_modules/.bin/spanlog'), ['--version'])
    expect(stdout.trim()).toBe(manifest.version)
  })

  it('installs only the runtime dependencies that a decision names', () => {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(app, 'node_modules/spanlog/package.json'), 'utf8'))
    const folder = path.join(root, 'docs/decisions')
    const decisions = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'))
    expect(Object.keys(dependencies).filter((name) => !decisions.some((text) => text.includes(name)))).toEqual([])
  })

  it('loads none of them with the core, the loggers and register', async () => {
    const light = ['spanlog', 'spanlog/pino', 'spanlog/winston', 'spanlog/register']
    const out = await program(
      'loaded.cjs',
      `${JSON.stringify(light)}.forEach(require); console.log(JSON.stringify(Object.keys(require.cache)))`,
    )
    const names = Object.keys(manifest.dependencies)
    const loaded = (JSON.parse(out) as string[]).filter((file) => names.some((name) => file.includes(`node_modules/${name}/`)))
    expect(loaded).toEqual([])
  })
})
