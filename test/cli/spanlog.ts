import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { run } from '../../dist/src/cli/run.js'
import { type Host, openSession } from '../../dist/src/cli/session.js'

const main = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js')

export interface Ended {
  stdout: string
  stderr: string
  code: number | null
}

export interface RunOptions {
  env?: Record<string, string>
  /** For standard input; with `null` it stays open. */
  input?: string | null
  /** The working folder. */
  cwd?: string
  /** Gets the running process. */
  during?: (child: ChildProcessWithoutNullStreams) => void
  /** As a process also where nothing that it is given needs one: its streams and its exit code are then the system's. */
  program?: boolean
}

/** Runs the command line in an environment of its own; in this process, if it can be, since starting one costs more than all else. */
export function spanlog(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { env = {}, input, during, program = false } = options
  const needsProcess = program || during !== undefined || input !== undefined || args.includes('-') || 'NODE_OPTIONS' in env
  if (needsProcess) return spanlogProgram(args, options)
  const ended = last.then(() => spanlogHere(args, options))
  last = ended.catch(() => {})
  return ended
}

const surroundings = (env: RunOptions['env']): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'] ?? '', HOME: '/nowhere', ...env })

function spanlogProgram(args: readonly string[], { env, input = '', cwd, during }: RunOptions): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { env: surroundings(env), cwd })
  if (input !== null) child.stdin.end(input)
  const ended: Ended = { stdout: '', stderr: '', code: null }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text))
  during?.(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...ended, code }))
  })
}

/** Environment and working folder are the process's: one after the other. */
let last: Promise<unknown> = Promise.resolve()

async function spanlogHere(args: readonly string[], { env, cwd }: RunOptions): Promise<Ended> {
  const ended: Ended = { stdout: '', stderr: '', code: null }
  const into = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        ended[name] += text
        done()
      },
    })
  const [home, before] = [process.cwd(), { ...process.env }]
  become(surroundings(env), cwd ?? home)
  try {
    const host = Object.assign(new EventEmitter(), { env: process.env, stdout: into('stdout'), stderr: into('stderr') })
    ended.code = await run(args, openSession(host as unknown as Host))
    return ended
  } finally {
    become(before, home)
  }
}

/** Key by key: what Node itself reads, such as the home folder, is the system's environment, not an object in its place. */
function become(env: NodeJS.ProcessEnv, cwd: string): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
  process.chdir(cwd)
}

/** A folder of fixtures for one file of tests. */
export class Folder {
  readonly path = mkdtempSync(path.join(tmpdir(), 'spanlog-cli-'))

  /** @returns the path of the file */
  write(name: string, content: string | readonly unknown[]): string {
    const target = path.join(this.path, name)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, typeof content === 'string' ? content : content.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return target
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
