import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { freePort } from './port.js'

/** A server that the system brings, on a free port and in a folder of its own. */
export interface RunningProgram {
  port: number
  stop(): Promise<void>
}

interface Program {
  name: string
  /** The Debian package that brings it. */
  debian: string
  /** What is run in the folder first. */
  prepare?: (folder: string) => void
  args: (port: number, folder: string) => string[]
  env?: (port: number, folder: string) => Record<string, string>
  /** Ends what the program leaves behind. */
  end?: (port: number) => unknown
}

/** @throws Error where the program is missing, with the package that brings it */
export async function startProgram({ name, debian, prepare, args, env, end }: Program): Promise<RunningProgram> {
  const folder = mkdtempSync(path.join(tmpdir(), `spanlog-${path.basename(name)}-`))
  const port = await freePort()
  const missing = (cause: unknown) => new Error(`${name} is missing, or failed; on Debian: apt-get install ${debian}`, { cause })
  try {
    prepare?.(folder)
  } catch (cause) {
    throw missing(cause)
  }
  // In a group of its own: some are scripts around what they start.
  const program = spawn(name, args(port, folder), { stdio: 'ignore', detached: true, env: { ...process.env, ...env?.(port, folder) } })
  await once(program, 'spawn').catch((cause: unknown) => {
    throw missing(cause)
  })
  const gone = once(program, 'exit')
  for (let i = 0; i < 1200 && !(await listens(port)); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    port,
    async stop() {
      process.kill(-(program.pid as number))
      await gone
      end?.(port)
      rmSync(folder, { recursive: true, force: true })
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

export const redis: Program = {
  name: 'redis-server',
  debian: 'redis-server',
  args: (port, folder) =>
    Object.entries({ port, bind: '127.0.0.1', dir: folder, save: '', 'maxmemory-policy': 'noeviction' }).flatMap(([option, value]) => [
      `--${option}`,
      String(value),
    ]),
}

export const nats: Program = {
  name: 'nats-server',
  debian: 'nats-server',
  args: (port) => ['--addr', '127.0.0.1', '--port', String(port)],
}

export const mosquitto: Program = {
  name: 'mosquitto',
  debian: 'mosquitto',
  // A port and no file: it then takes connections from loopback only.
  args: (port) => ['-p', String(port)],
}

export const rabbitmq: Program = {
  // Debian's own `rabbitmq-server` becomes another user, and keeps its files elsewhere.
  name: '/usr/lib/rabbitmq/bin/rabbitmq-server',
  debian: 'rabbitmq-server',
  args: () => [],
  env: (port, folder) => ({
    HOME: folder,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    // Erlang's own ports: of the node, and of the daemon that finds nodes.
    RABBITMQ_DIST_PORT: String(port + 1),
    ERL_EPMD_PORT: String(port + 2),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `spanlog${port}@localhost`,
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, 'plugins'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
  }),
  end: (port) => execFileSync('epmd', ['-port', String(port + 2), '-kill'], { stdio: 'ignore' }),
}

/** `root` needs no password. */
export const mariadb: Program = {
  name: 'mariadbd',
  debian: 'mariadb-server',
  prepare: (folder) =>
    execFileSync(
      'mariadb-install-db',
      [...mariadbFolder(folder), '--auth-root-authentication-method=normal', '--skip-test-db', '--no-defaults'],
      { stdio: 'ignore' },
    ),
  args: (port, folder) => [
    '--no-defaults',
    ...mariadbFolder(folder),
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${path.join(folder, 'socket')}`,
  ],
}
const mariadbFolder = (folder: string) => [`--datadir=${path.join(folder, 'data')}`, `--user=${userInfo().username}`]
