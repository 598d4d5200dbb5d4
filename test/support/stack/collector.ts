import { type Data, list, missing, texts } from './files.js'
import { anything, duration, filledIn, flag, keys, listOf, mapOf, number, oneOf, type Schema, schemaProblems, text } from './schema.js'

const kinds = ['extensions', 'receivers', 'processors', 'connectors', 'exporters'] as const
type Kind = (typeof kinds)[number]

const empty: Schema = { type: 'null' }
const address = keys({ 'endpoint!': filledIn(text) })
const tls = keys({ insecure: flag, ca_file: text, cert_file: text, key_file: text })
const queue = keys({ enabled: flag, queue_size: number, num_consumers: number, storage: text })
const retry = keys({ enabled: flag, initial_interval: duration, max_interval: duration, max_elapsed_time: duration })
const client = {
  'endpoint!': filledIn(text),
  tls,
  headers: mapOf(text),
  compression: text,
  timeout: duration,
  sending_queue: queue,
  retry_on_failure: retry,
}
const tableRow = keys({ context: oneOf('resource', 'span', 'log', 'request'), 'condition!': text, 'pipelines!': listOf(text) })

/** The settings of each type of component that the stack uses, as its config.go names them in release 0.151; no others pass. */
const types: Record<Kind, Record<string, Schema>> = {
  extensions: { health_check: address },
  receivers: {
    otlp: keys({ 'protocols!': keys({ grpc: address, http: address }) }),
    jaeger: keys({ 'protocols!': keys({ grpc: address, thrift_http: address, thrift_binary: address, thrift_compact: address }) }),
    zipkin: address,
  },
  processors: {
    memory_limiter: keys({
      'check_interval!': duration,
      limit_mib: number,
      spike_limit_mib: number,
      limit_percentage: number,
      spike_limit_percentage: number,
    }),
    batch: keys({ send_batch_size: number, send_batch_max_size: number, timeout: duration }),
    filter: keys({ error_mode: oneOf('ignore', 'silent', 'propagate'), 'trace_conditions!': listOf(text) }),
    k8sattributes: keys({
      filter: keys({ node_from_env_var: text }),
      extract: keys({ metadata: listOf(text) }),
      pod_association: listOf(keys({ sources: listOf(keys({ 'from!': oneOf('resource_attribute', 'connection'), name: text })) })),
    }),
    tail_sampling: keys({
      decision_wait: duration,
      num_traces: number,
      expected_new_traces_per_sec: number,
      decision_cache: keys({ sampled_cache_size: number, non_sampled_cache_size: number }),
      'policies!': listOf(
        keys({
          'name!': text,
          'type!': oneOf('status_code', 'latency', 'probabilistic'),
          status_code: keys({ 'status_codes!': listOf(oneOf('ERROR', 'OK', 'UNSET')) }),
          latency: keys({ 'threshold_ms!': number, upper_threshold_ms: number }),
          probabilistic: keys({ 'sampling_percentage!': filledIn(number), hash_salt: text }),
        }),
      ),
    }),
  },
  connectors: {
    forward: empty,
    datadog: empty,
    spanmetrics: keys({
      namespace: text,
      histogram: keys({ unit: oneOf('s', 'ms'), explicit: keys({ 'buckets!': listOf(duration) }) }),
      exemplars: keys({ 'enabled!': flag, max_per_data_point: number }),
      resource_metrics_key_attributes: listOf(text),
      aggregation_cardinality_limit: number,
      metrics_flush_interval: duration,
      metrics_expiration: duration,
    }),
    servicegraph: keys({ store: keys({ ttl: duration, max_items: number }), metrics_flush_interval: duration }),
    routing: keys({ 'default_pipelines!': listOf(text), error_mode: oneOf('ignore', 'silent', 'propagate'), 'table!': listOf(tableRow) }),
  },
  exporters: {
    otlp_grpc: keys(client),
    otlp_http: keys(client),
    zipkin: keys({ 'endpoint!': filledIn(text), format: oneOf('json', 'proto') }),
    prometheus: keys({ 'endpoint!': text, enable_open_metrics: flag, metric_expiration: duration }),
    awsxray: keys({ 'region!': filledIn(text), indexed_attributes: listOf(text) }),
    googlecloud: keys({ 'project!': filledIn(text) }),
    datadog: keys({ 'api!': keys({ 'key!': filledIn(text), site: filledIn(text) }) }),
    loadbalancing: keys({
      routing_key: oneOf('traceID', 'service'),
      'protocol!': keys({ 'otlp!': keys({ tls, timeout: duration }) }),
      'resolver!': keys({ dns: keys({ 'hostname!': filledIn(text), port: text }) }),
    }),
  },
}
const service = keys({
  extensions: listOf(text),
  telemetry: anything,
  'pipelines!': mapOf(keys({ 'receivers!': listOf(text), processors: listOf(text), 'exporters!': listOf(text) })),
})

interface Pipeline {
  name: string
  receivers: string[]
  processors: string[]
  exporters: string[]
}
const typeOf = (component: string): string => component.split('/')[0] ?? ''
const pipelinesOf = (config: Data): Pipeline[] =>
  Object.entries(config.service?.pipelines ?? {}).map(([name, { receivers, processors, exporters }]) => ({
    name,
    receivers: texts(receivers),
    processors: texts(processors),
    exporters: texts(exporters),
  }))

/** The way two files become one: maps are united, all else of the later file takes the place of the earlier's. */
export function merge(earlier: Data, later: Data): Data {
  const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap(earlier) || !isMap(later)) return later
  const united: Record<string, Data> = { ...earlier }
  for (const [key, value] of Object.entries(later)) united[key] = key in united ? merge(united[key] as Data, value) : value
  return united
}

/** What a Collector would refuse to start with, and what would make it lose or miscount spans. */
export function collectorProblems(config: Data): string[] {
  return [...settingsProblems(config), ...referenceProblems(config), ...orderProblems(config)]
}

function settingsProblems(config: Data): string[] {
  const components = kinds.flatMap((kind) =>
    Object.entries(config[kind] ?? {}).flatMap(([name, settings]) => {
      const schema = types[kind][typeOf(name)]
      return schema ? schemaProblems(schema, settings).map((problem) => `${kind} ${name}: ${problem}`) : [`${kind} ${name}: unknown type`]
    }),
  )
  const unknown = Object.keys(config).filter((key) => key !== 'service' && !kinds.includes(key as Kind))
  return [...components, ...unknown.map((key) => `${key}: unknown section`), ...schemaProblems(service, config.service)]
}

/** Each name that a pipeline uses is defined, each that is defined is used, and a connector has two ends. */
function referenceProblems(config: Data): string[] {
  const pipelines = pipelinesOf(config)
  const defined = (kind: Kind) => Object.keys(config[kind] ?? {})
  const connectors = defined('connectors')
  const used = {
    extensions: texts(config.service?.extensions),
    receivers: pipelines.flatMap(({ receivers }) => receivers),
    processors: pipelines.flatMap(({ processors }) => processors),
    exporters: pipelines.flatMap(({ exporters }) => exporters),
  }
  const routers = Object.values(config.connectors ?? {}).filter((connector) => connector?.table)
  const routed = routers.flatMap((router) =>
    texts(router.default_pipelines).concat(list(router.table).flatMap(({ pipelines: targets }) => texts(targets))),
  )
  const say = (names: unknown[], what: (name: string) => string) => names.map((name) => what(String(name)))
  return [
    ...(['extensions', 'receivers', 'processors', 'exporters'] as const).flatMap((kind) => {
      const ends = kind === 'receivers' || kind === 'exporters' ? connectors : []
      const unknown = say(missing(used[kind], [...defined(kind), ...ends]), (name) => `${kind} ${name}: used, not defined`)
      return unknown.concat(say(missing(defined(kind), used[kind]), (name) => `${kind} ${name}: defined, not used`))
    }),
    ...say(missing(connectors, used.receivers), (name) => `connectors ${name}: nobody receives from it`),
    ...say(missing(connectors, used.exporters), (name) => `connectors ${name}: nobody exports to it`),
    ...say(
      missing(
        routed,
        pipelines.map(({ name }) => name),
      ),
      (name) => `pipeline ${name}: routed to, not defined`,
    ),
  ]
}

function orderProblems(config: Data): string[] {
  const pipelines = pipelinesOf(config)
  const isConnector = (name: string) => name in (config.connectors ?? {})
  /** The processors that a span may have passed when it leaves the pipeline, through connectors before it too. */
  const passed = (pipeline: Pipeline, seen: Pipeline[] = []): string[] => {
    const before = pipelines.filter(
      (other) =>
        other !== pipeline &&
        !seen.includes(other) &&
        other.exporters.some((name) => isConnector(name) && pipeline.receivers.includes(name)),
    )
    return before.flatMap((other) => passed(other, [...seen, pipeline])).concat(pipeline.processors.map(typeOf))
  }
  return pipelines.flatMap((pipeline) => {
    const { name, receivers, processors, exporters } = pipeline
    const measures = exporters.some(
      (exporter) => ['spanmetrics', 'servicegraph'].includes(typeOf(exporter)) || exporter === 'datadog/connector',
    )
    const batches = processors.map(typeOf).indexOf('batch')
    const problems: [boolean, string][] = [
      [batches < 0 ? !exporters.every(isConnector) : batches < processors.length - 1, 'batch is not last'],
      [!receivers.every(isConnector) && processors[0] !== 'memory_limiter', 'memory_limiter is not first'],
      [measures && passed(pipeline).includes('tail_sampling'), 'measured after sampling'],
      [measures && !passed(pipeline).includes('filter'), 'health checks are measured'],
    ]
    return problems.flatMap(([wrong, problem]) => (wrong ? `${name}: ${problem}` : []))
  })
}
