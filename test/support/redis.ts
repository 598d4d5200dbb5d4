import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './port.js'

/** A Redis of the test's own, on loopback. */
export interface RedisServer {
  port: number
  stop(): Promise<void>
}

/** @throws where the program is not installed */
export async function startRedis(): Promise<RedisServer> {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Error('redis-server is missing; on Debian: apt-get install redis-server')
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-redis-'))
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: folder, save: '', 'maxmemory-policy': 'noeviction' }
  const redis = spawn(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  )
  for (let i = 0; i < 100 && !(await listens(port)); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    async stop() {
      const gone = new Promise((resolve) => redis.once('exit', resolve))
      redis.kill()
      await gone
      rmSync(folder, { recursive: true })
    },
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const tell = (open: boolean) => () => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', tell(true)).once('error', tell(false))
  })
}
