import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { injectTrace } from 'spanlog'
import type { Row } from './row.js'

const program = path.join(import.meta.dirname, 'process-events.cjs')
const modules = {
  spanlog: require.resolve('spanlog'),
  api: require.resolve('@opentelemetry/api'),
  manager: require.resolve('@opentelemetry/context-async-hooks'),
}

/** In a process of its own: what ends one, or is unhandled in it, is not for the process of the tests. */
function row(where: string, event: string): Row {
  return {
    where: `\`process.on('${event}')\`, added here, ${where}`,
    how: '`process.once(name, bindTrace(listener))`',
    async run({ saw, remedied, managed }) {
      const env = { ...process.env, SPANLOG_TEST: JSON.stringify({ ...modules, carrier: injectTrace() }) }
      const { stdout } = await promisify(execFile)(process.execPath, [program, event, String(remedied), String(managed)], { env })
      for (const id of stdout.trimEnd().split('\n').filter(Boolean)) saw(id === 'none' ? undefined : id)
    },
  }
}

export const processEvents: Row[] = [
  row('of a promise that another request rejects', 'unhandledRejection'),
  row('of what another request throws', 'uncaughtException'),
  row('of what another request warns of', 'warning'),
  row('of a signal for which there was a listener before', 'SIGUSR2'),
  row('at the end', 'beforeExit'),
  row('where another request calls `process.exit`', 'exit'),
]
