/**
 * Looks at a process from inside, and changes nothing of what it does: what OpenTelemetry's API has registered, which copies of packages are
 * loaded, which loggers write without the trace. Loaded before all else:
 *
 * ```sh
 * node --require spanlog/doctor server.js
 * ```
 *
 * What it finds is told on stderr, ten seconds after the start and at the end. `spanlog doctor --run` loads it too.
 *
 * @module
 */
import { appendFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import type { ProcessFacts } from './facts.js'
import { observeLoggers } from './probe-loggers.js'
import { readProcess } from './probe-process.js'

const { SPANLOG_DOCTOR_FILE: file, SPANLOG_DOCTOR_AFTER_MS: after } = process.env

if (isMainThread) start()

function start(): void {
  const loggers = observeLoggers()
  let told = ''
  const tell = (): void => {
    try {
      const facts = readProcess(loggers())
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(facts)}\n`)
      else told = tellPerson(facts, told)
    } catch (error) {
      process.emitWarning(`spanlog doctor could not look at this process: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  setTimeout(tell, Number(after ?? 10_000)).unref()
  process.once('exit', tell)
}

function tellPerson(facts: ProcessFacts, before: string): string {
  const { checkProcess } = require('./check-process.js') as typeof import('./check-process.js')
  const { inOrder } = require('./finding.js') as typeof import('./finding.js')
  const rows = inOrder(checkProcess(facts)).map(({ code, severity, what, paths = [], remedy }) =>
    [`spanlog doctor: ${severity} ${code}: ${what}`, ...paths.map((path) => `    ${path}`), `    ${remedy}`].join('\n'),
  )
  const text = rows.length === 0 ? 'spanlog doctor: no findings' : rows.join('\n')
  if (text !== before) process.stderr.write(`${text}\n`)
  return text
}
