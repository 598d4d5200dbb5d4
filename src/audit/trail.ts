import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'
import { createRedactor } from '../redaction/redactor.js'

/** Where it is kept who asked for what. */
export interface AuditOptions {
  /** Appended to, and made where it is missing, for its owner alone. Its folder has to exist. */
  file: string
  /** What is asked, as the file is to name it: a URL, a folder. @defaultValue none */
  source?: string
  /**
   * The person, where the operating system's user is not the one: of a service that asks for others. It stands beside that user, not in its
   * place. @defaultValue none
   */
  who?: string
}

/** One question, before it is asked. */
export interface Asked {
  /** What of the traces. */
  asked: 'lines' | 'spans'
  how: 'trace' | 'search' | 'follow'
  traceId?: string
  /** All else that was asked for, such as the window. */
  query?: object | undefined
}

/** Appends a question, or refuses it. @throws SpanlogError AUDIT_UNWRITABLE */
export type Trail = (asked: Asked) => void

/**
 * Each question is one line of JSON in one append, so that processes may share the file, and on the disk before the store is asked. A question
 * that cannot be written down is not asked.
 *
 * @throws SpanlogError INVALID_OPTION
 */
export function auditTrail(options: AuditOptions): Trail {
  refuseUnknownOptions('audit', options, ['file', 'source', 'who'])
  const { file, source, who } = options
  if (typeof file !== 'string' || file === '') throw unexpected('audit.file', 'the path of a file', file)
  for (const [name, value] of Object.entries({ source, who })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw unexpected(`audit.${name}`, 'a text', value)
  }
  // What opens a door is hidden, such as a token in the URL of a store; whom a question was about is what the file is for.
  const credentials = createRedactor({ patterns: ['jwt', 'authorization', 'url-credentials', 'url-secrets', 'access-key', 'private-key'] })
  const asker = { ...(who !== undefined && { who }), ...askerOf(process.env), host: hostname(), pid: process.pid }
  return ({ query, ...asked }) => {
    const given = query === undefined || Object.keys(query).length === 0 ? {} : { query }
    const record = { time: new Date().toISOString(), ...asker, ...asked, ...given, ...(source !== undefined && { source }) }
    try {
      append(file, `${credentials.line(JSON.stringify(record, inJson))}\n`)
    } catch (cause) {
      throw new SpanlogError('AUDIT_UNWRITABLE', `the question could not be written to ${file}, and is not asked`, { cause })
    }
  }
}

/** The user of the operating system, who it was before `sudo`, and where they are logged in from. */
function askerOf(env: Readonly<Record<string, string | undefined>>): { user: string; sudoUser?: string; from?: string } {
  const { SUDO_USER: sudoUser, SSH_CONNECTION: ssh } = env
  const from = ssh?.split(' ')[0]
  return { user: userName(), ...(sudoUser && { sudoUser }), ...(from && { from }) }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user often has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function inJson(key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || value instanceof RegExp) return String(value)
  return key === 'signal' ? undefined : value
}

/** One write in append mode: other processes' lines stand before it or behind it, never in it. */
function append(file: string, line: string): void {
  const descriptor = openSync(file, constants.O_APPEND | constants.O_CREAT | constants.O_RDWR, 0o600)
  try {
    const stats = fstatSync(descriptor)
    // A pipe or a device has no end to look at.
    const bytes = Buffer.from(stats.isFile() && isTorn(descriptor, stats.size) ? `\n${line}` : line)
    const written = writeSync(descriptor, bytes)
    if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be written`)
    if (stats.isFile()) fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * A full disk may have left half a line, which must not take this one with it. What another process is just writing looks the same: then an
 * empty line stands behind it.
 */
function isTorn(descriptor: number, size: number): boolean {
  const last = Buffer.alloc(1)
  return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a
}
