import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { vi } from 'vitest'

// Each test starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const program = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js')

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
}

/** Runs the command line as a shell would, in an environment of its own. */
export function spanlog(args: readonly string[], { env = {}, input = '', cwd, during }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere', ...env }, cwd })
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
