import path from 'node:path'
import { reportFault } from '../../src/context/fault.js'
import { refuseUnknownOptions, SpanlogError, unexpected } from '../../src/errors.js'
import { type RemoteOptions, type RemoteSettings, remoteOptionNames, remoteSettings } from '../../src/remote/options.js'

/** What both transports take. For a pino transport target all of it has to survive a copy to the worker thread: texts, no functions. */
export interface LokiTransportOptions extends Omit<RemoteOptions, 'retries'> {
  /** The label `service_name`. @defaultValue OTEL_SERVICE_NAME of the environment */
  service?: string
  /** The label `deployment_environment_name`, such as `production`. */
  environment?: string
  /**
   * More labels, the same for all lines of the process. Few, and of few values: each combination is a stream. Names that hold another
   * value in each process or request (`pid`, `user_id`, …) become structured metadata, with a warning; those of traces are refused.
   */
  labels?: Record<string, string>
  /** Makes the level a label too, one stream a level. It is structured metadata anyway. @defaultValue false */
  levelLabel?: boolean
  /**
   * Fields of JSON lines that become structured metadata, beside `trace_id`, `span_id` and `level`: names at the top of the line. Texts of
   * more than 1,024 characters are left out.
   */
  metadata?: readonly string[]
  /**
   * A folder on a local disk where lines wait for Loki: each line stands there before the log call, or the worker's write, returns. Processes
   * may share it. `false` keeps them in memory: what waits is lost with the process.
   */
  spool: string | false
  /** What may wait, with what was adopted from processes that were killed; then new lines are dropped, counted, and a marker says so. @defaultValue 256 MB on disk, 16 MB in memory */
  maxBytes?: number
  /** Writes through to the disk with each line or chunk: survives a crash of the machine, not only of the process. @defaultValue false */
  fsync?: boolean
  /** A push is about so large at most, before packing. @defaultValue 1_000_000 */
  batchBytes?: number
  /** How long a line waits for others. @defaultValue 1_000 */
  batchAgeMs?: number
  /** Packs what is pushed. @defaultValue true */
  gzip?: boolean
  /** The pauses after failures grow from the one to the other, up to half of each at random; `Retry-After` of up to ten minutes goes before. @defaultValue 250 and 30_000 */
  minBackoffMs?: number
  maxBackoffMs?: number
  /** How long the end of the process may wait for Loki. pino waits for ten seconds at most. @defaultValue 5_000 */
  closeTimeoutMs?: number
}

/** The options, checked and in the form in which they are used. */
export interface LokiSettings {
  remote: RemoteSettings
  labels: Record<string, string>
  /** Structured metadata of every line. */
  everyLine: Record<string, string>
  levelLabel: boolean
  metadata: readonly string[]
  spool: string | false
  maxBytes: number
  fsync: boolean
  batchBytes: number
  batchAgeMs: number
  gzip: boolean
  minBackoffMs: number
  maxBackoffMs: number
  closeTimeoutMs: number
}

const own =
  'service environment labels levelLabel metadata spool maxBytes fsync batchBytes batchAgeMs gzip minBackoffMs maxBackoffMs closeTimeoutMs'
const optionNames = [...remoteOptionNames.filter((name) => name !== 'retries'), ...own.split(' ')]

/** @throws SpanlogError INVALID_URL, INVALID_OPTION */
export function lokiSettings(options: LokiTransportOptions): LokiSettings {
  const { service = process.env['OTEL_SERVICE_NAME'], environment, spool, metadata = [] } = options
  const { tenant, headers, basicAuth, bearerToken, tls, timeoutMs } = options
  const given = { tenant, headers, basicAuth, bearerToken, tls, timeoutMs }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  // What Grafana Cloud shows for pushing fits too.
  const url = typeof options.url === 'string' ? options.url.replace(/\/loki\/api\/v1(?:\/push)?\/*$/, '') : options.url
  if (typeof service !== 'string' || service === '')
    throw unexpected('service', 'a text that is not empty (or OTEL_SERVICE_NAME to be set)', service)
  if (spool !== false && (typeof spool !== 'string' || spool === ''))
    throw unexpected('spool', 'a folder, or false to keep what waits in memory', spool)
  if (!Array.isArray(metadata) || metadata.length > 50 || !metadata.every((name) => typeof name === 'string' && name !== ''))
    throw unexpected('metadata', 'an array of at most 50 names of fields', metadata)
  const { labels, everyLine } = sortLabels({
    service_name: service,
    ...(environment !== undefined && { deployment_environment_name: environment }),
    ...checkedLabels(options.labels),
  })
  const number = (name: NumberOption, fallback: number, least: number): number => {
    const value = options[name] ?? fallback
    if (!(Number.isSafeInteger(value) && value >= least && value < 2 ** 40))
      throw unexpected(name, `a whole number from ${least} on`, value)
    return value
  }
  const flag = (name: 'levelLabel' | 'fsync' | 'gzip', fallback: boolean): boolean => {
    const value: unknown = options[name] ?? fallback
    if (typeof value !== 'boolean') throw unexpected(name, 'a boolean', value)
    return value
  }
  return {
    remote: remoteSettings({ url, ...present }),
    labels,
    everyLine,
    levelLabel: flag('levelLabel', false),
    metadata,
    spool: spool === false ? false : path.resolve(spool),
    maxBytes: number('maxBytes', (spool === false ? 16 : 256) * 1024 * 1024, 4096),
    fsync: flag('fsync', false),
    batchBytes: number('batchBytes', 1_000_000, 1),
    batchAgeMs: number('batchAgeMs', 1_000, 0),
    gzip: flag('gzip', true),
    minBackoffMs: number('minBackoffMs', 250, 1),
    maxBackoffMs: number('maxBackoffMs', 30_000, 1),
    closeTimeoutMs: number('closeTimeoutMs', 5_000, 0),
  }
}

type NumberOption = 'maxBytes' | 'batchBytes' | 'batchAgeMs' | 'minBackoffMs' | 'maxBackoffMs' | 'closeTimeoutMs'

/** Whose every value is a stream of its own, which is what Loki is worst at. */
const ofTraces = /^(?:.*_)?(?:trace|span)_?(?:id|parent)$|^correlation_?id$/i
const ofEachProcessOrRequest =
  /^(?:pid|process_id|.*request_?id|.*session_?id|.*user_?(?:id|name)?|.*customer_?id|.*order_?id|.*message_?id|email|.*_ip|ip|url|path|time|timestamp|uuid|guid|id)$/i

function checkedLabels(given: unknown = {}): Record<string, string> {
  if (typeof given !== 'object' || given === null) throw unexpected('labels', 'an object of texts', given)
  for (const [name, value] of Object.entries(given)) {
    if (!/^(?!__)[A-Za-z_]\w*$/.test(name)) {
      throw new SpanlogError('INVALID_OPTION', `Expected the name of the label \`${name}\` to be letters, digits and \`_\``)
    }
    if (ofTraces.test(name)) {
      throw new SpanlogError('INVALID_OPTION', `\`${name}\` as a label makes a stream of each trace`, {
        remedy: 'leave it out: the trace ID of each line is its structured metadata',
      })
    }
    if (typeof value !== 'string' || value === '' || value.length > 2048) {
      throw unexpected(`labels.${name}`, 'a text of 1 to 2,048 characters', value)
    }
  }
  return given as Record<string, string>
}

function sortLabels(all: Record<string, string>): { labels: Record<string, string>; everyLine: Record<string, string> } {
  const labels: Record<string, string> = {}
  const everyLine: Record<string, string> = {}
  for (const name of Object.keys(all).toSorted()) {
    const isMany = ofEachProcessOrRequest.test(name)
    if (isMany) reportFault(`spanlog/loki: \`${name}\` has too many values for a label; it is sent as structured metadata`)
    const into = isMany ? everyLine : labels
    into[name] = all[name] as string
  }
  // `level` may come to them; Loki refuses more than 15 by default.
  if (Object.keys(labels).length > 12) throw unexpected('labels', 'at most 10 beside service and environment', labels)
  return { labels, everyLine }
}

/** @throws SpanlogError INVALID_OPTION */
export function refuseOthers(where: string, options: object, more: readonly string[] = []): void {
  refuseUnknownOptions(where, options, [...optionNames, ...more])
}
