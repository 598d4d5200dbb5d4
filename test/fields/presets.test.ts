import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { propagation } from '@opentelemetry/api'
import { configure, type FieldPreset, type FieldsOptions, runWithTrace, withSpan } from 'spanlog'
import { fileLogs } from 'spanlog/logs'
import { afterEach, describe, expect, it } from 'vitest'
import { activeContext, runIn } from '../../src/context/active.js'
import { loggerNames, loggers } from './loggers.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const sampled = { traceparent: `00-${traceId}-${spanId}-01` }
const unsampled = { traceparent: `00-${traceId}-${spanId}-00` }

afterEach(() => configure({ fields: 'otel' }))

const presets: [string, FieldPreset | FieldsOptions, Record<string, unknown>][] = [
  ['otel', 'otel', { trace_id: traceId, span_id: spanId, trace_flags: '01' }],
  ['ecs', 'ecs', { 'trace.id': traceId, 'span.id': spanId }],
  ['datadog', 'datadog', { 'dd.trace_id': '9532127138774266268', 'dd.span_id': '13235353014750950193' }],
  [
    'gcp',
    { preset: 'gcp', project: 'shop-prod' },
    {
      'logging.googleapis.com/trace': `projects/shop-prod/traces/${traceId}`,
      'logging.googleapis.com/spanId': spanId,
      'logging.googleapis.com/trace_sampled': true,
    },
  ],
  ['xray', 'xray', { xray_trace_id: '1-0af76519-16cd43dd8448eb211c80319c', span_id: spanId }],
  ['newrelic', 'newrelic', { 'trace.id': traceId, 'span.id': spanId }],
  ['names of one’s own', { names: { traceId: 'traceId', spanId: false, traceFlags: false } }, { traceId }],
  [
    'names of one’s own over a preset',
    { preset: 'ecs', names: { spanId: 'spanId', sampled: 'sampled' } },
    { 'trace.id': traceId, spanId, sampled: true },
  ],
]

describe.each(loggerNames)('lines of %s', (name) => {
  describe.each(presets)('with the fields of %s', (_, fields, expected) => {
    function lines(): string[] {
      const log = loggers[name]({ fields })
      runWithTrace(sampled, () => {
        log.info('charged', { orderId: 4711 })
        log.info('plain')
      })
      log.info('outside', { orderId: 1 })
      return log.lines
    }

    it('have these fields, and those of the line alone outside a trace', () => {
      const [inside, plain, outside] = lines().map((line) => JSON.parse(line) as Record<string, unknown>)
      const own = name === 'pino' ? { level: 30 } : { level: 'info' }
      const text = (message: string) => (name === 'pino' ? { msg: message } : { message })
      expect(inside).toEqual({ ...own, ...expected, orderId: 4711, ...text('charged') })
      expect(plain).toEqual({ ...own, ...expected, ...text('plain') })
      expect(outside).toEqual({ ...own, orderId: 1, ...text('outside') })
    })

    it('are found by their trace ID', async () => {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'spanlog-fields-'))
      try {
        await writeFile(path.join(folder, 'app.ndjson'), `${lines().join('\n')}\n`)
        const { entries, verdict } = await fileLogs({ paths: folder }).forTrace(traceId).collect()
        expect(entries.map(({ message }) => message)).toEqual(['charged', 'plain'])
        expect(entries.map((entry) => entry.traceId)).toEqual([traceId, traceId])
        expect(verdict).toMatchObject({ entries: 2, mentions: 0 })
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  })

  it.each<[string, FieldPreset, object]>([
    ['under the same name', 'ecs', { 'trace.id': 'mine' }],
    ['in the nested form', 'ecs', { trace: { id: 'mine' } }],
    ['in the nested form of Datadog', 'datadog', { dd: { trace_id: 'mine' } }],
    ['under the default name', 'otel', { trace_id: 'mine' }],
  ])('keep a field of the user’s own %s, and carry the others', (_, fields, own) => {
    const log = loggers[name]({ fields })
    runWithTrace(sampled, () => log.info('line', own))
    expect(log.parsed()[0]).toMatchObject(own)
    expect(log.lines[0]).not.toContain(traceId)
    expect(log.lines[0]).not.toContain('9532127138774266268')
    expect(log.lines[0]).toMatch(new RegExp(`${spanId}|13235353014750950193`))
  })

  it('carry the others where an object of the user’s own only begins like a nested form', () => {
    const log = loggers[name]({ fields: 'ecs' })
    runWithTrace(sampled, () => log.info('line', { trace: { name: 'stack' }, span: null }))
    expect(log.parsed()[0]).toMatchObject({ 'trace.id': traceId, 'span.id': spanId, trace: { name: 'stack' }, span: null })
  })

  it('have the fields that are configured for the process, from then on, and their own where they have some', () => {
    const log = loggers[name]()
    const own = loggers[name]({ fields: 'newrelic' })
    runWithTrace(sampled, () => {
      log.info('one')
      configure({ fields: 'xray' })
      log.info('two')
      own.info('three')
    })
    expect(log.parsed().map((line) => [line.trace_id, line.xray_trace_id])).toEqual([
      [traceId, undefined],
      [undefined, '1-0af76519-16cd43dd8448eb211c80319c'],
    ])
    expect(own.parsed()[0]).toMatchObject({ 'trace.id': traceId })
  })

  it.each<[string, FieldsOptions, boolean]>([
    ['carry the IDs of a trace that is not sampled', {}, true],
    ['leave them out if asked to', { unsampled: false }, false],
  ])('%s', (_, fields, carried) => {
    const log = loggers[name]({ fields })
    runWithTrace(unsampled, () => log.info('line'))
    runWithTrace(sampled, () => log.info('line'))
    expect(log.parsed().map((line) => 'trace_id' in line)).toEqual([carried, true])
  })

  it('say which service writes them if asked to, outside a trace as well', () => {
    const service = { name: 'orders', version: '1.2.3', environment: 'prod' }
    const log = loggers[name]({ fields: { preset: 'datadog', service } })
    log.info('outside')
    runWithTrace(sampled, () => log.info('inside'))
    const expected = { 'dd.service': 'orders', 'dd.version': '1.2.3', 'dd.env': 'prod' }
    expect(log.parsed()).toEqual([
      expect.objectContaining(expected),
      expect.objectContaining({ ...expected, 'dd.trace_id': '9532127138774266268' }),
    ])
  })

  it('take the service from the environment where it is not given', () => {
    const { OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES } = process.env
    process.env.OTEL_SERVICE_NAME = 'orders'
    process.env.OTEL_RESOURCE_ATTRIBUTES = 'service.name=ignored,service.version=1%2C0,deployment.environment=test,broken=%E0%A4%A'
    try {
      const log = loggers[name]({ fields: { preset: 'ecs', service: { version: '2' } } })
      log.info('line')
      expect(log.parsed()[0]).toMatchObject({ 'service.name': 'orders', 'service.version': '2', 'service.environment': 'test' })
    } finally {
      restore({ OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES })
    }
  })

  it('have the baggage that is chosen, whatever stands in it, and no other', () => {
    const log = loggers[name]({ fields: { baggage: { 'user.id': 'user', tenant: 'tenant' } } })
    const baggage = propagation.createBaggage({ 'user.id': { value: '7"\n' }, secret: { value: 'x' } })
    withSpan('request', () => runIn(propagation.setBaggage(activeContext(), baggage), () => log.info('line')))
    expect(log.parsed()[0]).toMatchObject({ user: '7"\n', trace_id: expect.any(String) as string })
    expect(log.parsed()[0]).not.toHaveProperty('secret')
    expect(log.parsed()[0]).not.toHaveProperty('tenant')
  })
})

function restore(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
