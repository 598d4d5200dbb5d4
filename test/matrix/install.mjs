// A folder per row, with the packed spanlog installed beside what the row asks for. Folders of earlier runs are used again where
// they hold the same packages.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const here = import.meta.dirname
export const root = path.resolve(here, '../..')
// Not in node_modules, where test runners look for no tests.
const cache = path.join(tmpdir(), 'spanlog-matrix')

/** @returns the folder of the built package, as npm would publish it */
export function pack() {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-pack-'))
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], root))
  run('tar', ['-xzf', filename], folder)
  return path.join(folder, 'package')
}

/**
 * @param packed - the folder of the package
 * @param packages - name to version, of what stands beside it
 * @returns the folder of the application
 */
export function install(packed, packages) {
  const wanted = JSON.stringify(packages)
  const folder = path.join(cache, createHash('sha256').update(wanted).digest('hex').slice(0, 12))
  const mark = path.join(folder, '.installed')
  if (!existsSync(mark)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }))
    // What spanlog depends on comes with the folder's own packages: the package itself is copied in.
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', '--legacy-peer-deps'], folder)
    writeFileSync(mark, '')
  }
  const spanlog = path.join(folder, 'node_modules/spanlog')
  rmSync(spanlog, { recursive: true, force: true })
  cpSync(packed, spanlog, { recursive: true })
  cpSync(path.join(here, 'app'), folder, { recursive: true })
  return folder
}

/**
 * @returns what the program wrote to its output
 * @throws Error where it fails: its first line of error, with all that it wrote as the cause
 */
export function run(program, args, cwd, env = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(OTEL_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|VITEST|JEST|NODE_ENV$)/.test(name))
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 240_000, env: { ...Object.fromEntries(own), ...env } })
  if (result.status === 0) return result.stdout
  const said = (result.error?.message ?? `${result.stderr}\n${result.stdout}`).trim()
  const lines = said.split('\n')
  const first = lines.find((line) => /error/i.test(line)) ?? lines[0] ?? ''
  throw new Error(`${path.basename(program)} ended with ${result.status ?? result.signal}: ${first.trim()}`, { cause: said })
}
