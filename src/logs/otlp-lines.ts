import { parseObject } from './parse-json.js'

interface LogsData {
  resourceLogs: {
    resource?: { attributes?: KeyValue[] }
    scopeLogs?: { scope?: { name?: string }; logRecords?: Record<string, unknown>[] }[]
  }[]
}
interface KeyValue {
  key: string
  value?: AnyValue
}
type AnyValue = Record<string, unknown>

/**
 * One line for each record of a line of OTLP-JSON logs, as the OpenTelemetry Collector's file exporter writes them: a record with its
 * attributes and its resource, their values plain.
 *
 * @returns undefined where the line is something else
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function otlpLines(line: string): string[] | undefined {
  if (!/^\s*\{\s*"resourceLogs"/.test(line)) return undefined
  const { resourceLogs } = (parseObject(line) ?? {}) as Partial<LogsData>
  if (!Array.isArray(resourceLogs)) return undefined
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, logRecords = [] }) =>
      logRecords.map((record) =>
        JSON.stringify({
          ...record,
          // Zero says that it is not known; that of the observation is then.
          ...(Number(record['timeUnixNano']) === 0 && { timeUnixNano: undefined }),
          ...(record['body'] !== undefined && { body: plainValue(record['body'] as AnyValue) }),
          attributes: plainAttributes(record['attributes'] as KeyValue[] | undefined),
          resource: plainAttributes(resource?.attributes),
          ...(scope?.name !== undefined && { scope: scope.name }),
        }),
      ),
    ),
  )
}

function plainAttributes(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue(value: AnyValue | undefined): unknown {
  const [kind, content] = Object.entries(value ?? {})[0] ?? []
  if (kind === 'arrayValue') return ((content as { values?: AnyValue[] }).values ?? []).map(plainValue)
  if (kind === 'kvlistValue') return plainAttributes((content as { values?: KeyValue[] }).values)
  // 64 bits are texts in JSON; those that a number holds exactly are numbers.
  return kind === 'intValue' && Number.isSafeInteger(Number(content)) ? Number(content) : content
}
