import { execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ProcessFacts } from './facts.js'
import type { LoadFacts } from './load-facts.js'

const pauseMs = 50
/** A service that is busy starting tells late. */
const patience = 3

/** What starts a program, and is not it. */
const launcher = /[/\\](?:npm|npx|yarn|pnpm|pnpx|corepack)(?:-cli)?(?:\.c?js)?$|[/\\]node_modules[/\\](?:npm|corepack)[/\\]/

/**
 * Starts a service by its own command, with the probe loaded before all else, and ends it when it has told: its output goes to stderr.
 *
 * @param afterMs - how long it may run before it is looked at; one that ends sooner is looked at then
 * @returns what was seen, for each process that it consists of
 */
export async function observeRun(
  command: string,
  { cwd, afterMs, signal }: { cwd: string; afterMs: number; signal: AbortSignal },
): Promise<ProcessFacts[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-doctor-'))
  const file = path.join(folder, 'facts.jsonl')
  const probe = path.join(__dirname, 'probe.js')
  const env = {
    ...process.env,
    NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --require ${JSON.stringify(probe)}`.trim(),
    SPANLOG_DOCTOR_FILE: file,
    SPANLOG_DOCTOR_AFTER_MS: String(afterMs),
  }
  // In a group of its own, so that all of it can be ended.
  const child = spawn(command, { cwd, env, shell: true, detached: process.platform !== 'win32', stdio: ['ignore', 2, 2] })
  const life = new AbortController()
  child.once('error', () => life.abort())
  child.once('close', () => life.abort())
  const either = AbortSignal.any([signal, life.signal])
  try {
    const until = Date.now() + afterMs * patience + 5_000
    while (!either.aborted && Date.now() < until && services(file).length === 0) await pause(pauseMs, either)
    // Its other processes tell at the same time.
    await pause(pauseMs * 4, either)
    return services(file)
  } finally {
    // Some services take note of SIGTERM and run on, when the shell that has started them is gone.
    signalAll(child.pid, 'SIGTERM')
    for (const until = Date.now() + 2_000; signalAll(child.pid, 0) && Date.now() < until; ) await sleep(pauseMs)
    signalAll(child.pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Cut short by the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** The last word of each process. */
function services(file: string): ProcessFacts[] {
  if (!existsSync(file)) return []
  const rows = readFileSync(file, 'utf8').split('\n')
  const facts = rows.slice(0, -1).map((row) => JSON.parse(row) as ProcessFacts)
  return [...new Map(facts.filter(({ main }) => !launcher.test(main)).map((one) => [one.pid, one])).values()]
}

/** @returns whether one of them was there */
function signalAll(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false
  // Windows has neither groups nor signals: the tree is ended at once.
  if (process.platform === 'win32') return spawnSync('taskkill', ['/pid', String(pid), '/t', '/f']).status === 0
  try {
    return process.kill(-pid, signal)
  } catch {
    // They have ended meanwhile.
    return false
  }
}

/** Loads a project's packages in a process of their own, under yarn's loader where it has one. */
export async function loadProject(project: string): Promise<LoadFacts> {
  const pnp = path.join(project, '.pnp.cjs')
  const args = [...(existsSync(pnp) ? ['--require', pnp] : []), path.join(__dirname, 'load.js'), project]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project, timeout: 60_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as LoadFacts
}
