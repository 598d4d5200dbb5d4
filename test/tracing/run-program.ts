import { spawn } from 'node:child_process'
import path from 'node:path'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Runs a scenario of `program.mjs` until it ends; a signal is sent once it says that it is ready. */
export function runProgram(
  scenario: string,
  { options = {}, env = {}, signal }: { options?: object; env?: Record<string, string>; signal?: NodeJS.Signals } = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS')
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'program.mjs'), scenario, JSON.stringify(options)], {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (signal !== undefined && text.includes('ready')) child.kill(signal)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, endedBy) => resolve({ code, signal: endedBy, stdout, stderr }))
  })
}
