/** One line that the double holds. */
export interface Stored {
  at: bigint
  line: string
  labels: Readonly<Record<string, string>>
  metadata: Readonly<Record<string, string>>
  /** How often it was pushed, where the store keeps copies. */
  copies: number
  /** Stands in the index, which knows nothing of lines that the ingesters still hold. */
  indexed: boolean
}

interface Pushed {
  streams: { stream: Record<string, string>; values: [string, string, Record<string, string>?][] }[]
}

export interface StoreRules {
  /** As Loki's `discover_service_name`; empty: no `service_name` is added. */
  discoverServiceName: readonly string[]
  /** Milliseconds since the epoch: lines more than a week older are refused. */
  now: () => number
  /**
   * A line that is pushed again is stored again, as where a block is flushed in between (seen with 3.7.6): pages leave it out, counts
   * and statistics count it.
   */
  keepsCopies: boolean
  /** Told of each line that is new. */
  added: (stored: Stored) => void
}

const week = 7 * 86_400_000
const maxLineBytes = 262_144

/** What one tenant pushed, by Loki's rules of ingestion. */
export class LokiStore {
  readonly #rules: StoreRules
  readonly #keys = new Map<string, Stored>()
  #lines: Stored[] = []
  #sorted = true

  constructor(rules: StoreRules) {
    this.#rules = rules
  }

  /** In time order; lines of one instant in the order in which they came. */
  get lines(): readonly Stored[] {
    if (!this.#sorted) {
      this.#lines = this.#lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
      this.#sorted = true
    }
    return this.#lines
  }

  flush(): void {
    for (const line of this.#lines) line.indexed = true
  }

  /** Stores what is good and returns the refusal of what is not: a push answered 400 may have stored its valid lines. */
  push({ streams }: Pushed): string | undefined {
    let refusal: string | undefined
    for (const { stream, values } of streams) {
      const labels = this.#withServiceName(stream)
      for (const [time, line, metadata = {}] of values) {
        refusal = this.#add({ at: BigInt(time), line, labels, metadata, copies: 1, indexed: false }, stream) ?? refusal
      }
    }
    return refusal
  }

  /** `/otlp/v1/logs` in JSON: some resource attributes are labels, all else is structured metadata, dots become `_`. */
  pushOtlp(body: OtlpLogs): string | undefined {
    let refusal: string | undefined
    for (const { resource, scopeLogs } of body.resourceLogs) {
      const attributes = Object.entries(attributesOf(resource?.attributes))
      const labels = Object.fromEntries(attributes.filter(([key]) => indexedAttributes.test(key)))
      const rest = Object.fromEntries(attributes.filter(([key]) => !indexedAttributes.test(key)))
      for (const { scope, logRecords } of scopeLogs) {
        for (const record of logRecords) {
          const metadata = {
            ...rest,
            ...attributesOf(record.attributes),
            ...present({
              scope_name: scope?.name,
              scope_version: scope?.version,
              severity_number: record.severityNumber,
              severity_text: record.severityText,
              observed_timestamp: record.observedTimeUnixNano,
              trace_id: record.traceId,
              span_id: record.spanId,
              flags: record.flags,
            }),
          }
          const line = record.body?.stringValue ?? ''
          const stored = {
            at: BigInt(record.timeUnixNano),
            line,
            labels: this.#withServiceName(labels),
            metadata,
            copies: 1,
            indexed: false,
          }
          refusal = this.#add(stored, labels) ?? refusal
        }
      }
    }
    return refusal
  }

  #add(stored: Stored, stream: Readonly<Record<string, string>>): string | undefined {
    const oldest = this.#rules.now() - week
    const name = `{${Object.entries(stream)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(', ')}}`
    if (stored.at < BigInt(oldest) * 1_000_000n) {
      const [at, limit] = [Number(stored.at / 1_000_000n), oldest].map((ms) => new Date(ms).toISOString().replace(/\.\d+/, ''))
      return `entry for stream '${name}' has timestamp too old: ${at}, oldest acceptable timestamp is: ${limit}`
    }
    const bytes = Buffer.byteLength(stored.line)
    if (bytes > maxLineBytes) {
      return `max entry size '${maxLineBytes}' bytes exceeded for stream '${name}' while adding an entry with length '${bytes}' bytes`
    }
    const metadata = { ...stored.metadata, detected_level: detectedLevel(stored) }
    const key = JSON.stringify([String(stored.at), sorted(stored.labels), sorted(metadata), stored.line])
    // The same line at the same time in the same stream is kept once.
    const known = this.#keys.get(key)
    if (known !== undefined) {
      if (this.#rules.keepsCopies) known.copies++
      return undefined
    }
    const kept = { ...stored, metadata }
    this.#keys.set(key, kept)
    this.#lines.push(kept)
    this.#sorted = false
    this.#rules.added(kept)
    return undefined
  }

  #withServiceName(stream: Readonly<Record<string, string>>): Record<string, string> {
    const names = this.#rules.discoverServiceName
    if (names.length === 0 || 'service_name' in stream) return { ...stream }
    const from = names.find((name) => name in stream)
    return { ...stream, service_name: (from === undefined ? undefined : stream[from]) ?? 'unknown_service' }
  }
}

interface OtlpAttribute {
  key: string
  value: Record<string, unknown>
}

export interface OtlpLogs {
  resourceLogs: {
    resource?: { attributes?: OtlpAttribute[] }
    scopeLogs: {
      scope?: { name?: string; version?: string }
      logRecords: {
        timeUnixNano: string
        observedTimeUnixNano?: string
        severityNumber?: number
        severityText?: string
        body?: { stringValue?: string }
        traceId?: string
        spanId?: string
        flags?: number
        attributes?: OtlpAttribute[]
      }[]
    }[]
  }[]
}

const indexedAttributes =
  /^(?:service_(?:name|namespace|instance_id)|deployment_environment(?:_name)?|cloud_(?:region|availability_zone)|container_name|k8s_(?:cluster|namespace|pod|container|replicaset|deployment|statefulset|daemonset|cronjob|job)_name)$/

function attributesOf(attributes: readonly OtlpAttribute[] = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key.replace(/[^A-Za-z0-9_]/g, '_'), String(Object.values(value)[0])]))
}

function present(values: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])))
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** Only the cases that the recording shows: OTLP's severity, and a level that stands as a word in logfmt. */
function detectedLevel({ line, metadata }: Stored): string {
  const number = Number(metadata['severity_number'] ?? Number.NaN)
  if (!Number.isNaN(number)) return ['trace', 'debug', 'info', 'warn', 'error', 'fatal'][Math.ceil(number / 4) - 1] ?? 'unknown'
  return /(?:^|\s)level=(debug|info|warn|error)\b/.exec(line)?.[1] ?? 'unknown'
}
