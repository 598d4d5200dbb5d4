import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../support/port.js'

const example = path.resolve(import.meta.dirname, '../../examples/jobs/bullmq.mjs')
let folder: string
let port: number
let redis: ChildProcess

beforeAll(async () => {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Error('redis-server is missing; on Debian: apt-get install redis-server')
  }
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-redis-'))
  port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: folder, save: '', 'maxmemory-policy': 'noeviction' }
  redis = spawn(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  )
  for (let i = 0; i < 100 && !(await listens()); i++) await new Promise((resolve) => setTimeout(resolve, 50))
})
afterAll(async () => {
  const gone = new Promise((resolve) => redis.once('exit', resolve))
  redis.kill()
  await gone
  rmSync(folder, { recursive: true })
})

function listens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const tell = (open: boolean) => () => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', tell(true)).once('error', tell(false))
  })
}

interface Line {
  msg: string
  orderId: string
  trace_id: string
  span_id: string
}

describe('BullMQ with a real Redis', () => {
  it("keeps each job in its request's trace, also when it is tried again and where its failure is told", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [example], { env: { ...process.env, REDIS_PORT: String(port) } })
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line)
    const of = (orderId: string) => lines.filter((line) => line.orderId === orderId)
    expect(of('7').map(({ msg }) => msg)).toEqual(['order placed', 'charging', 'charged'])
    expect(of('8').map(({ msg }) => msg)).toEqual(['order placed', 'charging', 'to be retried', 'charging', 'charged'])
    const traces = ['7', '8'].map((orderId) => new Set(of(orderId).map((line) => line.trace_id)))
    expect(traces.map(({ size }) => size)).toEqual([1, 1])
    expect(traces[0]).not.toEqual(traces[1])
    // The request, two attempts and the listener: each its own span.
    expect(new Set(of('8').map((line) => line.span_id)).size).toBe(4)
  })
})
