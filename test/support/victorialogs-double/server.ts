import { createHash } from 'node:crypto'
import { epochToUnixNano, isoToUnixNano } from '../../../src/logs/time.js'
import type { Answer } from '../faults.js'
import { type Asked, type HttpDouble, startHttpDouble } from '../http-double.js'
import { type Fields, parseFilter, parseQuery } from './logsql.js'

export interface VictoriaLogsDouble extends HttpDouble {
  /** What it answers to a query instead, if anything. */
  lie: ((query: string, honest: Answer) => Answer | undefined) | undefined
}

interface Stored {
  at: bigint
  fields: Fields
}

const retention = 7n * 86_400_000_000_000n
const noMessage = 'missing _msg field; see https://docs.victoriametrics.com/victorialogs/keyconcepts/#message-field'

/** A VictoriaLogs with a retention of 7 days that knows the queries we send. `recorded/victorialogs.json` shows what it goes by. */
export async function startVictoriaLogsDouble({ now = () => Date.now() } = {}): Promise<VictoriaLogsDouble> {
  const tenants = new Map<string, Stored[]>()

  function answer(asked: Asked): Answer {
    try {
      switch (`${asked.method} ${asked.path}`) {
        case 'POST /insert/jsonline':
          insert(asked)
          return { status: 200, type: 'application/json', body: '' }
        case 'GET /internal/force_flush':
          return { status: 200, type: '', body: '' }
        case 'POST /select/logsql/query': {
          const form = new URLSearchParams(asked.body)
          const honest = { status: 200, type: 'application/stream+json', body: select(asked, form) }
          return double.lie?.(form.get('query') ?? '', honest) ?? honest
        }
        default:
          return plain(400, `unsupported path requested: "${asked.path}"`)
      }
    } catch (error) {
      return plain(400, (error as Error).message)
    }
  }

  function linesOf({ headers }: Asked): Stored[] {
    const id = [headers['accountid'], headers['projectid']].map((header) => {
      const value = String(header ?? 0)
      if (/^\d+$/.test(value)) return value
      throw new Error(`cannot obtain tenanID: cannot parse "${value}" as uint32: strconv.ParseUint: parsing "${value}": invalid syntax`)
    })
    const lines = tenants.get(id.join(':')) ?? []
    tenants.set(id.join(':'), lines)
    return lines
  }

  /** Lines that are broken or too old are left out without a word. */
  function insert(asked: Asked): void {
    const lines = linesOf(asked)
    const streamFields = (asked.params.get('_stream_fields') ?? '').split(',').toSorted()
    for (const text of asked.body.split('\n')) {
      const fields = flatten(text)
      const at = isoToUnixNano(fields?.['_time'] ?? '') ?? epochToUnixNano(fields?.['_time'] ?? '')
      if (fields === undefined || at === undefined || at < BigInt(now()) * 1_000_000n - retention) continue
      const labels = streamFields.flatMap((name) => (fields[name] === undefined ? [] : [`${name}=${JSON.stringify(fields[name])}`]))
      const stream = `{${labels.join(',')}}`
      const id = createHash('sha1').update(stream).digest('hex').padEnd(48, '0')
      lines.push({ at, fields: { _msg: noMessage, ...fields, _time: isoOf(at), _stream: stream, _stream_id: id } })
    }
  }

  function select(asked: Asked, form: URLSearchParams): string {
    const { from, to, keeps, step, limit, blocks = false } = parseQuery(form.get('query') ?? '', (time) => isoToUnixNano(time) ?? 0n)
    const extra = form.get('extra_filters')
    const selects = extra === null ? () => true : parseFilter(extra)
    const found = linesOf(asked).filter(({ at, fields }) => at >= from && at < to && selects(fields) && keeps(fields))
    if (limit !== undefined) return ndjson([{ lines: String(Math.min(limit, found.length)) }])
    if (step !== undefined) return ndjson(counts(found, step))
    if (blocks) {
      // Without a block the real one sums up to that too.
      const values = found.length === 0 ? 'NaN' : String(counts(found, 1n << 63n).reduce((sum, { bytes }) => sum + Number(bytes), 0))
      return ndjson([{ values, dictionaries: found.length === 0 ? 'NaN' : '0', blooms: found.length === 0 ? 'NaN' : '0' }])
    }
    // In no order: not in that of time.
    return ndjson(found.toReversed().map(({ fields }) => fields))
  }

  const double: VictoriaLogsDouble = Object.assign(await startHttpDouble(answer), { lie: undefined })
  return double
}

function counts(found: readonly Stored[], step: bigint): Fields[] {
  const buckets = new Map<bigint, { lines: number; bytes: number }>()
  for (const { at, fields } of found) {
    const begin = at - (at % step)
    const { lines, bytes } = buckets.get(begin) ?? { lines: 0, bytes: 0 }
    const length = Object.values(fields).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
    buckets.set(begin, { lines: lines + 1, bytes: bytes + length })
  }
  return [...buckets].toReversed().map(([at, { lines, bytes }]) => ({ _time: isoOf(at), lines: String(lines), bytes: String(bytes) }))
}

/** Nested names are joined by dots, all values are texts, what is empty is not there. */
function flatten(text: string): Record<string, string> | undefined {
  // Longer than our numbers are exact.
  const exact = text.replace(/"dd\.trace_id":(\d+)/, '"dd.trace_id":"$1"')
  const fields: Record<string, string> = {}
  const add = (prefix: string, value: unknown): void => {
    if (value === null || value === '') return
    if (typeof value === 'object' && !Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) add(prefix === '' ? name : `${prefix}.${name}`, inner)
    } else fields[prefix] = typeof value === 'string' ? value : JSON.stringify(value)
  }
  try {
    add('', JSON.parse(exact))
  } catch {
    return undefined
  }
  return fields
}

/** As Go writes RFC 3339 with nanoseconds. */
function isoOf(at: bigint): string {
  const seconds = new Date(Number(at / 1_000_000n)).toISOString().slice(0, 19)
  const fraction = (at % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

function ndjson(objects: readonly Fields[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}

function plain(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n` }
}
