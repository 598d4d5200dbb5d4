import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { unexpected } from '../errors.js'
import { attempt } from '../remote/attempt.js'
import { type Connection, createConnection } from '../remote/connection.js'
import { rootOf } from '../remote/faults.js'

/** Whom to call when a limit breaks, and when that is over. */
export interface Alarm {
  webhook?: Webhook
  /** The program and its arguments: fixed, whatever the alarm says. */
  command?: readonly string[]
}

interface Webhook {
  url: URL
  headers: Record<string, string>
  connection: Connection
}

const TRIES = 3
const WEBHOOK_MS = 10_000
const COMMAND_MS = 60_000

/** Through the environment's proxies, as stores are reached. @throws SpanlogError INVALID_OPTION, INVALID_URL for a proxy that is none */
export function webhookOf(given: string): Webhook {
  const url = URL.canParse(given) ? new URL(given) : undefined
  // What may hold a secret is not shown.
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw unexpected('--webhook', 'an absolute http:// or https:// URL', '…')
  const headers = authorizationOf(url)
  url.username = ''
  url.password = ''
  return { url, headers, connection: createConnection({}) }
}

/** `https://user:password@host`, as many webhooks are given. */
function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  } catch {
    throw unexpected('--webhook', 'a URL whose user name and password are percent-encoded', '…')
  }
}

/** Tells everybody; what goes wrong comes back as sentences, as an alarm that fails must not end the watch. */
export async function raise({ webhook, command }: Alarm, json: string, signal: AbortSignal): Promise<string[]> {
  const problems = await Promise.all([
    webhook === undefined ? undefined : post(webhook, json, signal),
    command === undefined ? undefined : run(command, json),
  ])
  return problems.filter((problem) => problem !== undefined)
}

async function post({ url, headers, connection }: Webhook, body: string, signal: AbortSignal): Promise<string | undefined> {
  let problem = ''
  for (let tries = 1; tries === 1 || (tries <= TRIES && !signal.aborted); tries++) {
    if (tries > 1) await sleep(1000 * 2 ** (tries - 2), undefined, { signal }).catch(() => {})
    try {
      // Not ended by Ctrl-C: an alarm that is on its way arrives.
      const { status } = await attempt(connection, url, { headers, body }, WEBHOOK_MS, undefined)
      if (status >= 200 && status < 300) return undefined
      problem = `it answered ${status}`
      // What it refuses it will refuse again.
      if (status < 500 && status !== 429) break
    } catch (error) {
      problem = rootOf(error).message || String(rootOf(error).code)
    }
  }
  return `the webhook was not reached: ${problem}`
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
