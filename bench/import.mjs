import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))

/** Each batch is a new process, since a module is loaded but once in each. What Node itself takes to start is not in the figure. */
function loading(program) {
  const code = `const before = process.cpuUsage()
    ${program}
    const { user, system } = process.cpuUsage(before)
    require('node:fs').writeSync(1, String(user + system))`
  return () => () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', code], { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return Number(stdout)
  }
}

/** A line outside a trace by a first logger, to where it is lost. */
const line = `({ level: 'info' }, { write() {} }).info('line')`

export default {
  scenario: 'import',
  unit: 'µs',
  batch: 1,
  contenders: {
    pino: loading(`require('pino')`),
    'pino and @opentelemetry/api': loading(`require('pino'); require('@opentelemetry/api')`),
    'spanlog/pino': loading(`require('spanlog/pino')`),
    'spanlog/register and pino': loading(`require('spanlog/register'); require('pino')`),
    'pino and @opentelemetry/api, with a first line': loading(`require('@opentelemetry/api'); require('pino')${line}`),
    'spanlog/pino, with a first line': loading(`require('spanlog/pino')${line}`),
    "OpenTelemetry's instrumentation and pino, with a first line": loading(
      `const { PinoInstrumentation } = require('@opentelemetry/instrumentation-pino'); new PinoInstrumentation().enable(); require('pino')${line}`,
    ),
  },
  ratios: [
    { contender: 'spanlog/pino', against: 'pino and @opentelemetry/api', atMost: 1.15 },
    { contender: 'spanlog/pino, with a first line', against: 'pino and @opentelemetry/api, with a first line' },
    { contender: 'spanlog/register and pino', against: 'pino and @opentelemetry/api' },
    {
      contender: 'spanlog/pino, with a first line',
      against: "OpenTelemetry's instrumentation and pino, with a first line",
    },
  ],
}
