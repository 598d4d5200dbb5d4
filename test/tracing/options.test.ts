import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTraces, resourceOf, spansOf } from './otlp.js'
import { runProgram } from './run-program.js'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
  file = path.join(folder, 'spans.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const toFile = (rest: object = {}) => ({ exporters: [{ type: 'file', path: file }], ...rest })
const spans = () => spansOf(readTraces(file))
const attributesOf = (span: { attributes: { key: string; value: Record<string, unknown> }[] } | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]))

describe('detectors', () => {
  const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', POD_NAME: 'orders-7f', POD_NAMESPACE: 'shop', NODE_NAME: 'n1', K8S_POD_UID: 'uid-1' }

  it.each<[string, object, Record<string, string>, Record<string, unknown>]>([
    [
      'tell host and process by default',
      {},
      {},
      { 'host.name': hostname(), 'process.runtime.name': 'nodejs', 'process.pid': expect.anything() },
    ],
    [
      "tell a Kubernetes pod by the downward API's variables",
      {},
      pod,
      { 'k8s.pod.name': 'orders-7f', 'k8s.namespace.name': 'shop', 'k8s.node.name': 'n1', 'k8s.pod.uid': 'uid-1' },
    ],
    ['know a pod by its host name, where nothing else says it', {}, { KUBERNETES_SERVICE_HOST: 'x' }, { 'k8s.pod.name': hostname() }],
    [
      'give way to options',
      { attributes: { 'host.name': 'mine' }, serviceInstanceId: 'slot-1' },
      {},
      { 'host.name': 'mine', 'service.instance.id': 'slot-1' },
    ],
  ])('%s', async (_, options, env, expected) => {
    await runProgram('natural end', { options: toFile(options), env })
    expect(resourceOf(readTraces(file))).toMatchObject(expected)
  })

  it.each<[string, object, string[]]>([
    ['find nothing of Kubernetes outside of it, and never tell the arguments of the command', {}, ['k8s.pod.name', 'process.command_args']],
    ['may be left out', { detectors: [] }, ['host.name', 'process.pid']],
    ['may be chosen', { detectors: ['process'] }, ['host.name']],
  ])('%s', async (_, options, absent) => {
    await runProgram('natural end', { options: toFile(options) })
    const found = Object.keys(resourceOf(readTraces(file)))
    expect(found).toContain('service.name')
    expect(found.filter((key) => absent.includes(key))).toEqual([])
  })
})

describe('limits', () => {
  it.each<[string, object, Record<string, string>, number]>([
    ['cut texts at 4,096 characters by default', {}, {}, 4_096],
    ['cut them where the option says', { limits: { attributeLength: 100 } }, {}, 100],
    ['cut them where the environment says', {}, { OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '200' }, 200],
    ['cut them where the environment says for all', {}, { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '300' }, 300],
  ])('%s', async (_, options, env, length) => {
    await runProgram('many', { options: toFile(options), env })
    expect(String(attributesOf(spans()[0])['payload'])).toHaveLength(length)
  })

  it('hold for lines on spans as well, stacks of errors among them', async () => {
    await runProgram('long error line', { options: toFile() })
    const text = JSON.stringify(readTraces(file))
    expect(text).toContain('exception.stacktrace')
    expect(Math.max(...text.split('"').map((part) => part.length))).toBeLessThanOrEqual(4_110)
  })

  it('bound the number of attributes', async () => {
    await runProgram('many attributes', { options: toFile({ limits: { attributes: 3 } }) })
    expect(spans()[0]?.attributes).toHaveLength(3)
  })
})

describe('what spans go through', () => {
  it('stages in their order, then redaction, then all exporters; observers see spans as they were', async () => {
    const { stdout } = await runProgram('processors', { options: toFile({ redact: true }) })
    expect(spans().map(({ name }) => name)).toEqual(['kept'])
    expect(attributesOf(spans()[0])).toEqual({ password: '[REDACTED]', team: 'blue', 'http.request.method': 'GET', 'http.method': 'GET' })
    expect(JSON.parse(stdout)).toEqual({ errors: [['kept', 1]], observed: ['hunter2'] })
  })
})

describe('sampling by environment', () => {
  it.each([
    ['development', 0, 1],
    ['staging', 0.44, 0.56],
    ['production', 0.06, 0.14],
    ['high-traffic', 0.001, 0.03],
  ])('%s keeps its share', async (sampling, least, most) => {
    await runProgram('thousand', { options: toFile({ sampling, batch: { maxQueueSize: 5_000 } }) })
    expect(spans().length / 1_000).toBeGreaterThanOrEqual(sampling === 'development' ? 1 : least)
    expect(spans().length / 1_000).toBeLessThanOrEqual(most)
  })

  it('critical keeps every trace with an error, and few of the rest', async () => {
    await runProgram('thousand with errors', { options: toFile({ sampling: 'critical', batch: { maxQueueSize: 5_000 } }) })
    const names = spans().map(({ name }) => name)
    expect(names.filter((name) => name === 'failed')).toHaveLength(20)
    expect(names.filter((name) => name === 'fine').length).toBeLessThan(35)
  })
})

describe('counts', () => {
  it('say what was exported, what a full queue dropped, and what failed', async () => {
    const { stdout, stderr } = await runProgram('thousand, counted', {
      options: toFile({ batch: { maxQueueSize: 100, maxExportBatchSize: 100 } }),
    })
    const [before, after] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { exported: number; failed: number; dropped: number })
    expect(before?.dropped).toBeGreaterThan(500)
    expect(after).toEqual({ exported: spans().length, failed: 0, dropped: 1_000 - spans().length })
    expect(stderr.match(/the queue of their exporter is full/g)).toHaveLength(1)
  })

  it('say what could not be exported', async () => {
    const { stdout } = await runProgram('failing, counted', {})
    expect(JSON.parse(stdout)).toEqual({ exported: 0, failed: 3, dropped: 0 })
  })
})
