import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fence, fencesOf, settled } from '../support/markdown.js'
import { freePort } from '../support/port.js'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts
const fences = fencesOf(readme)
const show = (fence: Fence) => `line ${fence.line}: ${fence.text.split('\n').find((line) => !/^(import|$)/.test(line))}`
let app: string

beforeAll(() => {
  app = mkdtempSync(path.join(tmpdir(), 'spanlog-readme-'))
  mkdirSync(path.join(app, 'node_modules'))
  for (const name of ['pino', 'winston', 'pino-pretty', '@opentelemetry', 'express']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(app, 'node_modules', name))
  }
  symlinkSync(root, path.join(app, 'node_modules/spanlog'))
  symlinkSync(path.join(root, 'docs'), path.join(app, 'docs'))
})
afterAll(() => rmSync(app, { recursive: true, force: true }))

/** `$ command` lines with the output that follows each. */
function sessionOf(text: string): { command: string; output: string }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), output: part.slice(end + 1) }
    })
}

async function shell(command: string): Promise<string> {
  const spanlog = `spanlog() { "${process.execPath}" "${path.join(root, 'dist/src/cli/main.js')}" "$@"; }`
  const { stdout, stderr } = await run('bash', ['-c', `${spanlog}; ${command}`], {
    cwd: root,
    env: { ...process.env, COLUMNS: '100', NO_COLOR: '1', TZ: 'UTC' },
  })
  return stdout + stderr
}

async function answers(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const socket = connect(port, 'localhost')
    const open = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)))
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port}`)
}

const programs = fences.flatMap((fence, i) => {
  const next = fences[i + 1]
  return fence.language === 'js' && next ? [[show(fence), fence, next] as const] : []
})
const sessions = fences.filter((fence, i) => fence.language === 'console' && fences[i - 1]?.language !== 'js')

describe('README.md', () => {
  it('shows code by line 25, and its output', () => {
    const first = fences.find((fence) => fence.language === 'js')
    expect(first?.line).toBeLessThanOrEqual(25)
    expect(programs.length).toBeGreaterThanOrEqual(5)
    expect(fences.filter((fence) => fence.language === 'js')).toHaveLength(programs.length)
  })

  it.each(programs)('%s', async (_, program, next) => {
    const file = path.join(app, `line-${program.line}.mjs`)
    if (next.language === 'text') {
      writeFileSync(file, program.text)
      const { stdout } = await run(process.execPath, [file], { cwd: app })
      expect(settled(stdout)).toBe(settled(next.text))
      return
    }
    const port = await freePort()
    writeFileSync(file, program.text.replaceAll('3000', String(port)))
    const server = spawn(process.execPath, [file], { cwd: app, stdio: 'ignore' })
    try {
      await answers(port)
      for (const { command, output } of sessionOf(next.text)) {
        expect(settled(await shell(command.replaceAll('3000', String(port))))).toBe(settled(output))
      }
    } finally {
      server.kill()
    }
  })

  it.each(sessions.map((fence) => [show(fence), fence] as const))('%s', async (_, fence) => {
    for (const { command, output } of sessionOf(fence.text)) expect(await shell(command)).toBe(output)
  })

  it('names only scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, script, test]) => script ?? test ?? '')
    expect(named.filter((script) => !(script in scripts))).toEqual([])
    expect(named).toEqual(expect.arrayContaining(['demo', 'test']))
  })

  it('links only to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => path.join(root, link ?? ''))
    expect(() => links.map((link) => readFileSync(link))).not.toThrow()
  })
})
