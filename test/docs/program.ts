import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { freePort } from '../support/port.js'
import { root, type Snippet } from './pages.js'

const run = promisify(execFile)

/** What a user has: a folder with spanlog and other packages installed, and with `docs/example` at hand. */
export class Project {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'spanlog-docs-'))
  /** Texts that stand for something else here, such as the addresses of stores. */
  instead: Record<string, string> = {}

  constructor() {
    const modules = path.join(this.folder, 'node_modules')
    mkdirSync(modules)
    for (const name of readdirSync(path.join(root, 'node_modules'))) {
      if (!name.startsWith('.')) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
    }
    symlinkSync(root, path.join(modules, 'spanlog'))
    symlinkSync(path.join(root, 'docs'), path.join(this.folder, 'docs'))
  }

  replaced(text: string): string {
    return Object.entries(this.instead).reduce((now, [from, to]) => now.replaceAll(from, to), text)
  }

  /** @returns the file, under the name that its first line says (`// orders.mjs`), if any */
  write(place: string, text: string): string {
    const file = path.join(this.folder, nameOf(text) ?? `${place.replaceAll(/\W+/g, '-')}.mjs`)
    writeFileSync(file, this.replaced(text))
    return file
  }

  /** What a program prints now; if it is a server, for one request. */
  async outputOf(place: string, text: string, shown: string): Promise<string> {
    if (serves(text)) return this.#beside(place, text, (port, output) => logOf(port, output, shown.trimEnd().split('\n').length))
    return (await run(process.execPath, [this.write(place, text)], { cwd: this.folder })).stdout
  }

  /** Runs a session with a program: beside it, if it is a server, else with its file at hand. */
  async sessionWith(place: string, text: string, session: string): Promise<string> {
    if (serves(text))
      return this.#beside(place, text, async (port) => (await this.session(session.replaceAll('3000', port))).replaceAll(port, '3000'))
    this.write(place, text)
    return this.session(session)
  }

  /** Runs the `$` lines of a session, and returns them with what they print now. */
  async session(text: string): Promise<string> {
    // npx and its kin find the program that a user has installed.
    const spanlog = `npx() { "$@"; }; spanlog() { "${process.execPath}" "${path.join(root, 'dist/src/cli/main.js')}" "$@"; }`
    const env = { ...process.env, COLUMNS: '100', NO_COLOR: '1', TZ: 'UTC' }
    let shown = ''
    for (const [, command = ''] of text.matchAll(/^\$ (.*)$/gm)) {
      const { stdout, stderr } = await run('bash', ['-c', `${spanlog}; ${this.replaced(command)}`], { cwd: this.folder, env }).catch(
        // An exit code other than 0 may be what the page shows.
        (error: { stdout: string; stderr: string }) => error,
      )
      shown += `$ ${command}\n${stdout}${stderr}`
      if (!shown.endsWith('\n')) shown += '\n'
    }
    return shown
  }

  /** Starts a server that says that it listens on 3000, and ends it. */
  async #beside<T>(place: string, text: string, during: (port: string, output: Readable) => Promise<T>): Promise<T> {
    const port = String(await freePort())
    const file = this.write(place, text.replaceAll('3000', port))
    const server = spawn(process.execPath, [file], { cwd: this.folder, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await answers(Number(port))
      return await during(port, server.stdout)
    } finally {
      server.stdout.destroy()
      server.kill()
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const serves = (program: string): boolean => /listen\(3000\)|port: 3000/.test(program)

async function logOf(port: string, output: Readable, lines: number): Promise<string> {
  await (await fetch(`http://localhost:${port}/orders/7`)).text()
  let log = ''
  for await (const piece of output) {
    log += String(piece)
    if (log.split('\n').length > lines) break
  }
  return log
}

async function answers(port: number): Promise<void> {
  for (let i = 0; i < 1_200; i++) {
    const socket = connect(port, 'localhost')
    const open = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)))
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port}`)
}

/** What a program's first line says that its file is called. */
export const nameOf = (text: string): string | undefined => /^\/\/ ([\w-]+\.mjs)\b/.exec(text)?.[1]

/** The first line that says something, for the name of a test. */
export const firstLine = ({ text }: Snippet): string => text.split('\n').find((line) => !/^(import|\/\/|$)/.test(line)) ?? ''
