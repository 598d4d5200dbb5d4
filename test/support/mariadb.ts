import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { freePort } from './port.js'

/** A MariaDB of the test's own, on loopback; `root` needs no password. */
export interface MariaDb {
  port: number
  stop(): Promise<void>
}

/** @throws where the program is not installed */
export async function startMariaDb(): Promise<MariaDb> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spanlog-mariadb-'))
  const port = await freePort()
  const where = [`--datadir=${path.join(folder, 'data')}`, `--user=${userInfo().username}`]
  try {
    execFileSync('mariadb-install-db', [...where, '--auth-root-authentication-method=normal', '--skip-test-db', '--no-defaults'], {
      stdio: 'ignore',
    })
  } catch (error) {
    throw new Error('mariadb-install-db is missing, or failed; on Debian: apt-get install mariadb-server', { cause: error })
  }
  const server = spawn(
    'mariadbd',
    ['--no-defaults', ...where, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${path.join(folder, 'socket')}`],
    { stdio: 'ignore' },
  )
  for (let i = 0; i < 200 && !(await listens(port)); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    async stop() {
      const gone = new Promise((resolve) => server.once('exit', resolve))
      server.kill()
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
