// A Postgres inside this process, for the example alone.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

export async function startDatabase() {
  const db = await PGlite.create()
  const port = await freePort()
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port })
  await server.start()
  return {
    config: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', password: 'postgres' },
    async stop() {
      await server.stop()
      await db.close()
    },
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}
