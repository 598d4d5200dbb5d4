import { readFile } from 'node:fs/promises'
import { isMainThread } from 'node:worker_threads'
import { reportFault } from '../../src/context/fault.js'

/**
 * Warns, once the program has started, of a logger that stands in the program's own file, a bundle, and that is reached by a
 * `spanlog/register` in the same bundle only. What stands in other files of a bundle is not looked for.
 */
export function warnOfUnreached(): void {
  if (isMainThread) setImmediate(() => void lookInto(mainFile()))
}

function mainFile(): string | undefined {
  const { mainModule } = process as { mainModule?: { filename?: string } }
  return mainModule?.filename ?? process.argv[1]
}

async function lookInto(file: string | undefined): Promise<void> {
  if (file === undefined) return
  // No program in a file, such as a REPL: nothing is bundled.
  const text = await readFile(file, 'utf8').catch(() => '')
  // With this very file in it, all of it was reached.
  if (text.includes('spanlog/register is outside of it')) return
  for (const logger of bundledLoggers(text)) {
    reportFault(
      `the bundle that this program is has ${logger} in it, and spanlog/register is outside of it: no line of ${logger} gets its trace. ` +
        "Put `import 'spanlog/register'` into the bundle",
    )
  }
}

/** By texts that minifiers leave as they are. */
function bundledLoggers(text: string): string[] {
  const loggers: string[] = []
  if (text.includes('[winston] Attempt to write logs with no transports')) loggers.push('winston')
  // From 9.10 on it is found by its diagnostics channel.
  if (text.includes('pino.asJson') && !text.includes('pino_asJson')) loggers.push('pino before 9.10')
  return loggers
}
