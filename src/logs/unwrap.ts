import { dockerHead, wrappingOf } from '../files/wrapped.js'
import { parseObject } from './parse-json.js'
import { epochToUnixNano, isoToUnixNano } from './time.js'

/** What a program wrote, out of what its runtime made of it. */
export interface Unwrapped {
  content: string
  /** The runtime's time of its first line. */
  timeUnixNano?: bigint | undefined
  /** What the runtime knows beside. */
  hints?: Record<string, unknown>
}

/**
 * Takes off what Docker, containerd, CRI-O, `docker compose`, `kubectl` or journald put around a line, and joins what they cut.
 *
 * @returns undefined where nothing is around it
 */
export function unwrap(record: string): Unwrapped | undefined {
  if (!record.startsWith('{')) {
    if (wrappingOf(record) === undefined) return undefined
    return joined(record, (line) => {
      const { at, partial, time } = wrappingOf(line) ?? { at: 0, partial: false }
      return { content: line.slice(at) + (partial ? '' : '\n'), time }
    })
  }
  if (record.startsWith(dockerHead)) {
    return joined(record, (line) => {
      const { log, stream, time } = parseObject(line) ?? {}
      if (typeof log !== 'string' || (stream !== 'stdout' && stream !== 'stderr')) return undefined
      return { content: log, time: typeof time === 'string' ? time : undefined }
    })
  }
  return record.includes('"__REALTIME_TIMESTAMP"') ? fromJournal(record) : undefined
}

function joined(record: string, read: (line: string) => { content: string; time: string | undefined } | undefined): Unwrapped | undefined {
  let all = ''
  let first: string | undefined
  for (const line of record.split('\n')) {
    const part = read(line)
    if (part === undefined) return undefined
    all += part.content
    first ??= part.time
  }
  return { content: all.replace(/\r?\n$/, ''), timeUnixNano: first === undefined ? undefined : isoToUnixNano(first) }
}

/** `journalctl -o json`, where the message is a line of its own. */
function fromJournal(record: string): Unwrapped | undefined {
  const { MESSAGE: content, SYSLOG_IDENTIFIER: service, __REALTIME_TIMESTAMP: time } = parseObject(record) ?? {}
  if (typeof content !== 'string' || !/^\{"|trace_?id/i.test(content)) return undefined
  return { content, timeUnixNano: epochToUnixNano(String(time)), hints: { service } }
}
