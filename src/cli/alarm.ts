import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { unexpected } from '../errors.js'

/** Whom to call when a limit breaks, and when that is over. */
export interface Alarm {
  webhook?: string
  /** The program and its arguments: fixed, whatever the alarm says. */
  command?: readonly string[]
}

const TRIES = 3
const WEBHOOK_MS = 10_000
const COMMAND_MS = 60_000

/** @throws SpanlogError INVALID_OPTION */
export function checkWebhook(url: string): string {
  // What may hold a secret is not shown.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw unexpected('--webhook', 'an absolute http:// or https:// URL', '…')
  return url
}

/** Tells everybody; what goes wrong comes back as sentences, as an alarm that fails must not end the watch. */
export async function raise({ webhook, command }: Alarm, json: string, signal: AbortSignal): Promise<string[]> {
  const problems = await Promise.all([
    webhook === undefined ? undefined : post(webhook, json, signal),
    command === undefined ? undefined : run(command, json),
  ])
  return problems.filter((problem) => problem !== undefined)
}

async function post(url: string, body: string, signal: AbortSignal): Promise<string | undefined> {
  let problem = ''
  for (let attempt = 1; attempt === 1 || (attempt <= TRIES && !signal.aborted); attempt++) {
    if (attempt > 1) await sleep(1000 * 2 ** (attempt - 2), undefined, { signal }).catch(() => {})
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'manual',
        // Not by Ctrl-C: an alarm that is on its way arrives.
        signal: AbortSignal.timeout(WEBHOOK_MS),
      })
      await response.body?.cancel()
      if (response.ok) return undefined
      problem = `it answered ${response.status}`
      // What it refuses it will refuse again.
      if (response.status < 500 && response.status !== 429) break
    } catch (error) {
      problem = causeOf(error)
    }
  }
  return `the webhook was not reached: ${problem}`
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}

/** No shell: the text of the alarm comes on standard input, and nowhere else. */
function run([program = '', ...args]: readonly string[], json: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Its output is no data of ours.
    const child = spawn(program, args, { stdio: ['pipe', process.stderr, process.stderr] })
    // Not by the option `timeout`: its timer outlives a program that does not start, and holds up the end.
    const timer = setTimeout(() => child.kill(), COMMAND_MS)
    child.on('error', () => clearTimeout(timer))
    child.on('close', () => clearTimeout(timer))
    child.on('error', (error) => resolve(`the command did not start: ${error.message}`))
    child.on('close', (code, ended) => resolve(code === 0 ? undefined : `the command ended with ${code ?? ended}`))
    // A command that does not read is no fault.
    child.stdin.on('error', () => {})
    child.stdin.end(json)
  })
}
