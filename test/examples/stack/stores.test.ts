import { describe, expect, it } from 'vitest'
import { type Data, read, readYaml, scalar, variablesOf } from '../../support/stack/files.js'
import { duration, filledIn, flag, keys, listOf, mapOf, number, oneOf, schemaProblems, size, text } from '../../support/stack/schema.js'

const value = filledIn(text)
const kvstore = keys({ 'store!': oneOf('inmemory', 'memberlist') })
const lokiLimits = {
  allow_structured_metadata: flag,
  retention_period: duration,
  max_query_lookback: duration,
  max_query_length: duration,
  max_entries_limit_per_query: number,
  ingestion_rate_strategy: oneOf('global', 'local'),
  ingestion_rate_mb: number,
  ingestion_burst_size_mb: number,
  per_stream_rate_limit: size,
  per_stream_rate_limit_burst: size,
  max_global_streams_per_user: number,
  max_line_size: size,
  reject_old_samples_max_age: duration,
  unordered_writes: flag,
}
const ring = keys({ instance_addr: text, kvstore })
const compaction = keys({ block_retention: duration })
const tempoLimits = {
  ingestion: keys({
    rate_strategy: oneOf('global', 'local'),
    rate_limit_bytes: number,
    burst_size_bytes: number,
    max_traces_per_user: number,
  }),
  global: keys({ max_bytes_per_trace: number }),
  compaction,
}
const protocol = keys({ endpoint: value, include_metadata: flag })

/** The settings that the stack uses; test/examples/stack/vendors.test.ts has the servers' own word for them. */
const loki = keys({
  'auth_enabled!': flag,
  server: keys({ http_listen_port: number, grpc_listen_port: number, log_level: text }),
  common: keys({
    path_prefix: value,
    instance_addr: text,
    replication_factor: number,
    ring: keys({ kvstore }),
    storage: keys({
      filesystem: keys({ chunks_directory: value, rules_directory: value }),
      s3: keys({ 'bucketnames!': value, region: value, endpoint: value, s3forcepathstyle: value }),
    }),
  }),
  memberlist: keys({ join_members: listOf(value) }),
  schema_config: keys({
    configs: listOf(
      keys({
        from: text,
        store: oneOf('tsdb'),
        object_store: oneOf('filesystem', 's3'),
        schema: oneOf('v13'),
        index: keys({ prefix: text, period: oneOf('24h') }),
      }),
    ),
  }),
  compactor: keys({ retention_enabled: flag, delete_request_store: oneOf('filesystem', 's3') }),
  limits_config: keys(lokiLimits),
  runtime_config: keys({ file: value }),
  pattern_ingester: keys({ enabled: flag }),
  analytics: keys({ reporting_enabled: flag }),
})
const tempo = keys({
  'multitenancy_enabled!': flag,
  stream_over_http_enabled: flag,
  server: keys({ http_listen_port: number, grpc_listen_port: number, log_level: text }),
  distributor: keys({ ring, receivers: keys({ otlp: keys({ protocols: keys({ grpc: protocol, http: protocol }) }) }) }),
  live_store: keys({ ring, partition_ring: keys({ kvstore }), wal: keys({ path: value }), shutdown_marker_dir: value }),
  metrics_generator: keys({ ring, storage: keys({ path: value }) }),
  backend_scheduler: keys({ local_work_path: value, provider: keys({ compaction: keys({ compaction }) }) }),
  backend_worker: keys({ ring, compaction }),
  storage: keys({
    trace: keys({
      backend: oneOf('local', 's3'),
      local: keys({ path: value }),
      s3: keys({ 'bucket!': value, region: value, 'endpoint!': value, forcepathstyle: value, insecure: value }),
      wal: keys({ path: value }),
    }),
  }),
  overrides: keys({ defaults: keys(tempoLimits), per_tenant_override_config: value }),
  usage_report: keys({ reporting_enabled: flag }),
})
const files = {
  'loki/loki.yaml': loki,
  'loki/loki-s3.yaml': loki,
  'loki/overrides.yaml': keys({ 'overrides!': mapOf(keys(lokiLimits)) }),
  'tempo/tempo.yaml': tempo,
  'tempo/tempo-s3.yaml': tempo,
  'tempo/overrides.yaml': keys({ 'overrides!': mapOf(keys(tempoLimits)) }),
}
const hours = (period: unknown): number => Number(scalar(period).replace(/h$/, ''))
const retention = {
  loki: (config: Data) => hours(config.limits_config?.retention_period),
  tempo: (config: Data) => hours(config.backend_worker?.compaction?.block_retention),
}

it.each(Object.entries(files))('%s has settings that its server knows', (file, schema) => {
  expect(schemaProblems(schema, readYaml(file))).toEqual([])
  expect(schemaProblems(schema, { ...readYaml(file), misspelt: true })).not.toEqual([])
})

describe.each([
  ['on one disk', 'loki/loki.yaml', 'tempo/tempo.yaml'],
  ['in object storage', 'loki/loki-s3.yaml', 'tempo/tempo-s3.yaml'],
])('%s', (_, lokiFile, tempoFile) => {
  const [lines, traces] = [readYaml(lokiFile), readYaml(tempoFile)]

  it('lines and traces are kept equally long, and are deleted then', () => {
    expect(retention.loki(lines)).toBe(retention.tempo(traces))
    expect(lines.compactor).toMatchObject({
      retention_enabled: true,
      delete_request_store: lines.schema_config?.configs?.[0]?.object_store,
    })
    expect(traces.backend_scheduler?.provider?.compaction?.compaction).toEqual(traces.backend_worker?.compaction)
  })

  it('a query may look back as far as lines are kept', () => {
    expect(hours(lines.limits_config?.max_query_lookback)).toBe(retention.loki(lines))
  })

  it('the trace ID may stand in structured metadata', () => {
    expect(lines.limits_config?.allow_structured_metadata).toBe(true)
  })

  it('a tenant has limits', () => {
    expect(lines.limits_config).toMatchObject({
      ingestion_rate_mb: expect.any(Number) as number,
      max_global_streams_per_user: expect.any(Number) as number,
    })
    expect(traces.overrides?.defaults).toMatchObject({
      ingestion: { rate_limit_bytes: expect.any(Number) as number },
      global: { max_bytes_per_trace: expect.any(Number) as number },
    })
  })
})

describe('in object storage', () => {
  it('tenants are apart', () => {
    expect(readYaml('loki/loki-s3.yaml').auth_enabled).toBe(true)
    expect(readYaml('tempo/tempo-s3.yaml').multitenancy_enabled).toBe(true)
  })

  it.each([
    ['loki/loki-s3.yaml', ['LOKI_BUCKET', 'AWS_REGION']],
    ['tempo/tempo-s3.yaml', ['TEMPO_BUCKET', 'AWS_REGION']],
  ])('%s needs nothing but the bucket and the region', (file, needed) => {
    expect(variablesOf(read(file)).flatMap(({ name, hasDefault }) => (hasDefault ? [] : name))).toEqual(needed)
  })

  it('the same tenants have limits of their own in both', () => {
    const tenants = (file: string) => Object.keys(readYaml(file).overrides ?? {})
    expect(tenants('loki/overrides.yaml')).toEqual(tenants('tempo/overrides.yaml'))
  })
})
