import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTracing } from 'spanlog/tracing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tracerProvider } from '../../src/context/active.js'
import { readTraces, resourceOf, spansOf } from './otlp.js'
import { runProgram } from './run-program.js'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
  file = path.join(folder, 'deep', 'spans.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const toFile = (rest: object = {}) => ({ exporters: [{ type: 'file', path: file }], ...rest })
const spans = () => spansOf(readTraces(file))

describe('the resource', () => {
  const fromEnv = { OTEL_SERVICE_NAME: 'from-env', OTEL_RESOURCE_ATTRIBUTES: 'service.version=9,team=blue,service.instance.id=pod-1' }

  it.each<[string, object, Record<string, string>, Record<string, unknown>]>([
    [
      'names service, version, environment and further attributes by their conventions',
      { serviceName: 'orders', serviceVersion: '1.2.3', environment: 'staging', attributes: { team: 'red' } },
      {},
      { 'service.name': 'orders', 'service.version': '1.2.3', 'deployment.environment.name': 'staging', team: 'red' },
    ],
    [
      'comes from the environment',
      {},
      fromEnv,
      { 'service.name': 'from-env', 'service.version': '9', team: 'blue', 'service.instance.id': 'pod-1' },
    ],
    [
      'lets options win over the environment',
      { serviceName: 'orders', attributes: { team: 'red' } },
      fromEnv,
      { 'service.name': 'orders', team: 'red' },
    ],
    ['has an instance ID of its own', {}, {}, { 'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/) }],
  ])('%s', async (_, options, env, expected) => {
    await runProgram('natural end', { options: toFile(options), env })
    expect(resourceOf(readTraces(file))).toMatchObject(expected)
  })
})

describe('sampling', () => {
  it.each<[string, object, Record<string, string>, number]>([
    ['keeps every trace by default', {}, {}, 3],
    ['keeps none at ratio 0', { ratio: 0 }, {}, 0],
    ['keeps all at ratio 1, whatever the environment says', { ratio: 1 }, { OTEL_TRACES_SAMPLER: 'always_off' }, 3],
    ['follows OTEL_TRACES_SAMPLER', {}, { OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    ['follows OTEL_TRACES_SAMPLER_ARG', {}, { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
  ])('%s', async (_, options, env, count) => {
    await runProgram('natural end', { options: toFile(options), env })
    expect(spans()).toHaveLength(count)
  })
})

describe('the file', () => {
  it('holds one TracesData a line, with hex IDs and times as decimal strings', async () => {
    await runProgram('natural end', { options: toFile() })
    expect(spans()[0]).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      startTimeUnixNano: expect.stringMatching(/^\d{19}$/) as string,
    })
  })

  it('is shared by processes that write at once, without one torn line', async () => {
    const options = toFile({ batch: { maxExportBatchSize: 7, scheduledDelayMs: 1 } })
    const ended = await Promise.all([runProgram('many', { options }), runProgram('many', { options })])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    const data = readTraces(file)
    expect(data.length).toBeGreaterThanOrEqual(Math.ceil(600 / 7))
    expect(new Set(spansOf(data).map((span) => span.spanId)).size).toBe(600)
  })

  it('that ends in half a line costs no span of the next process', async () => {
    file = path.join(folder, 'spans.jsonl')
    writeFileSync(file, '{"resourceSpans":[{"half')
    await runProgram('natural end', { options: toFile() })
    expect(() => readTraces(file)).toThrow(SyntaxError)
    writeFileSync(file, readFileSync(file, 'utf8').split('\n').slice(1).join('\n'))
    expect(spans()).toHaveLength(3)
  })
})

describe('starting', () => {
  it.each([
    ['twice returns what runs', 'twice', { same: true }],
    ['again after shutdown works, and leaves no listener behind', 'again after shutdown', { recording: false, listeners: 0 }],
  ])('%s', async (_, scenario, said) => {
    const ended = await runProgram(scenario, { options: toFile() })
    expect(JSON.parse(ended.stdout)).toEqual(said)
    expect(ended.code).toBe(0)
    expect(ended.stderr.includes('ALREADY_TRACING')).toBe(scenario === 'twice')
    expect(spans()).toHaveLength(3)
  })

  it('beside another provider is reported, and leaves that provider at work', async () => {
    const ended = await runProgram('beside another provider', { options: toFile() })
    expect(JSON.parse(ended.stdout)).toEqual({ others: 6, listeners: 0 })
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('ALREADY_TRACING') as string })
    expect(existsSync(file)).toBe(false)
  })

  it('under OTEL_SDK_DISABLED traces nothing, and still gives and passes on IDs', async () => {
    const ended = await runProgram('disabled', { options: toFile(), env: { OTEL_SDK_DISABLED: 'true' } })
    const said = JSON.parse(ended.stdout) as { headers: Record<string, string> }
    expect(said).toMatchObject({ recording: false, id: 32 })
    expect(said.headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/)
    expect(existsSync(file)).toBe(false)
  })

  it('sets the random flag of the traces that begin here', async () => {
    const ended = await runProgram('propagation', { options: toFile() })
    expect((JSON.parse(ended.stdout) as Record<string, string>)['traceparent']).toMatch(/-03$/)
  })
})

describe('a wrong option is refused before anything is registered', () => {
  const exporter = { export: () => undefined, shutdown: () => Promise.resolve() }
  it.each<[string, unknown, string, RegExp]>([
    ['options that are no object', 'orders', 'INVALID_OPTION', /`options`/],
    ['a misspelt option', { servicename: 'x' }, 'INVALID_OPTION', /no option `servicename`/],
    ['an empty service name', { serviceName: '' }, 'INVALID_OPTION', /`serviceName`.*non-empty/],
    ['a ratio above 1', { ratio: 10 }, 'INVALID_OPTION', /`ratio`.*0 to 1/],
    ['a ratio that is no number', { ratio: Number.NaN }, 'INVALID_OPTION', /`ratio`/],
    ['a sampler that samples nothing', { sampler: {} }, 'INVALID_OPTION', /`sampler`/],
    ['a ratio beside a sampler', { ratio: 1, sampler: { shouldSample() {} } }, 'INVALID_OPTION', /`ratio`.*left out/],
    ['exporters that are no array', { exporters: 'otlp' }, 'INVALID_OPTION', /`exporters`/],
    ['an unknown exporter', { exporters: ['sipkin'] }, 'INVALID_OPTION', /`exporters\[0\]`/],
    ['an exporter without a type', { exporters: [exporter, {}] }, 'INVALID_OPTION', /`exporters\[1\]`/],
    ['a file without a path', { exporters: [{ type: 'file' }] }, 'INVALID_OPTION', /`exporters\[0\]\.path`/],
    ['a misspelt option of a file', { exporters: [{ type: 'file', file: 'x' }] }, 'INVALID_OPTION', /no option `file`/],
    ['a path that is a folder', { exporters: [{ type: 'file', path: tmpdir() }] }, 'FILE_UNREADABLE', /appended to/],
    ['a URL of no HTTP server', { exporters: [{ type: 'otlp', url: 'localhost:4318' }] }, 'INVALID_URL', /http:\/\//],
    ['headers that are no strings', { exporters: [{ type: 'otlp', headers: { a: 1 } }] }, 'INVALID_OPTION', /headers/],
    ['a time-out of 0', { exporters: [{ type: 'otlp', timeoutMs: 0 }] }, 'INVALID_OPTION', /timeoutMs/],
    ['a protocol that is none', { exporters: [{ type: 'otlp', protocol: 'udp' }] }, 'INVALID_OPTION', /protocol.*'http' or 'grpc'/],
    ['a compression that is none', { exporters: [{ type: 'otlp', compression: 'zip' }] }, 'INVALID_OPTION', /compression/],
    [
      'certificates that are paths',
      { exporters: [{ type: 'otlp', url: 'https://x', tls: { ca: 'ca.pem' } }] },
      'INVALID_OPTION',
      /tls\.ca/,
    ],
    ['certificates for plain HTTP', { exporters: [{ type: 'otlp', url: 'http://x', tls: {} }] }, 'INVALID_OPTION', /tls.*left out/],
    ['a certificate for Zipkin', { exporters: [{ type: 'zipkin', tls: {} }] }, 'INVALID_OPTION', /no option `tls`/],
    ['a rotation without a size', { exporters: [{ type: 'file', path: 'x', maxFiles: 3 }] }, 'INVALID_OPTION', /maxFiles.*maxBytes/],
    ['a limit of nothing', { limits: { events: 0 } }, 'INVALID_OPTION', /limits\.events/],
    ['a misspelt limit', { limits: { event: 1 } }, 'INVALID_OPTION', /no option `event`/],
    ['a detector that does not exist', { detectors: ['cloud'] }, 'INVALID_OPTION', /`detectors\[0\]` to be one of host/],
    ['processors that are none', { processors: [{}] }, 'INVALID_OPTION', /`processors`/],
    ['redaction that is none', { redact: 'all' }, 'INVALID_OPTION', /`redact`/],
    ['a misspelt rule of redaction', { exporters: [], redact: { key: [] } }, 'INVALID_OPTION', /no option `key`/],
    ['an environment that has no rate', { sampling: 'test' }, 'INVALID_OPTION', /`sampling` to be one of development, staging/],
    ['an environment beside a sampler', { sampling: 'staging', sampler: { shouldSample() {} } }, 'INVALID_OPTION', /left out/],
    ['a ratio beside an environment', { sampling: 'staging', ratio: 1 }, 'INVALID_OPTION', /left out/],
    ['a misspelt option of the batch', { batch: { size: 1 } }, 'INVALID_OPTION', /no option `size`/],
    ['a batch of half a span', { batch: { maxExportBatchSize: 0.5 } }, 'INVALID_OPTION', /batch\.maxExportBatchSize/],
    ['a flush without time', { flushTimeoutMs: -1 }, 'INVALID_OPTION', /flushTimeoutMs/],
  ])('%s', (_, options, code, message) => {
    expect(() => startTracing(options as never)).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    )
    expect(tracerProvider()).toBeUndefined()
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })
})
