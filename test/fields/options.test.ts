import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { configure, runWithTrace } from 'spanlog'
import { tracePino, traceWinston } from 'spanlog/instrument'
import { describe, expect, it } from 'vitest'
import winston from 'winston'
import { loggers } from './loggers.js'

const run = promisify(execFile)
const traceId = '0af7651916cd43dd8448eb211c80319c'
const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }

describe('wrong fields are refused by name', () => {
  const rows: [string, unknown, RegExp][] = [
    ['a preset that does not exist', 'splunk', /`fields.preset` to be one of otel, ecs, datadog, gcp, xray, newrelic, got "splunk"/],
    ['a preset by a name that objects have', 'constructor', /`fields.preset`/],
    ['nothing', null, /`fields` to be one of/],
    ['an array', ['otel'], /`fields` to be one of/],
    ['an option that does not exist', { presets: 'ecs' }, /fields has no option `presets`/],
    ['a subject that does not exist', { names: { trace: 'x' } }, /fields.names has no option `trace`/],
    ['names that are no object', { names: 'x' }, /`fields.names`/],
    ['an empty name', { names: { traceId: '' } }, /`fields.names.traceId` to be a non-empty string, or false/],
    ['the name __proto__', { names: { traceId: '__proto__' } }, /`fields.names.traceId`/],
    ['true for a name', { names: { traceId: true } }, /`fields.names.traceId`/],
    ['one name for two fields', { names: { traceId: 'id', spanId: 'id' } }, /names two fields `id`/],
    ['gcp without a project', 'gcp', /`fields.project` to be the ID of a Google Cloud project/],
    ['a project that is no ID', { preset: 'gcp', project: 'a"b' }, /`fields.project`/],
    ['a service that is no object', { service: 'orders' }, /`fields.service`/],
    ['a service’s option that does not exist', { service: { namespace: 'x' } }, /fields.service has no option `namespace`/],
    ['a service’s name that is no text', { service: { name: 1 } }, /`fields.service.name` to be a string, got 1/],
    ['baggage that is no list', { baggage: 'user' }, /`fields.baggage`/],
    ['baggage with an empty key', { baggage: [''] }, /`fields.baggage`/],
    ['two baggage entries under one name', { baggage: { a: 'x', b: 'x' } }, /names two fields `x`/],
    ['unsampled that is no boolean', { unsampled: 'no' }, /`fields.unsampled` to be a boolean/],
  ]
  it.each(rows)('%s', (_, fields, message) => {
    const refusal = expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) as string }) as Error
    expect(() => configure({ fields: fields as never })).toThrow(refusal)
    expect(() => tracePino(pino(), { fields: fields as never })).toThrow(refusal)
    expect(() => traceWinston(winston.createLogger(), { fields: fields as never })).toThrow(refusal)
  })

  it.each([
    ['tracePino', (options: never) => tracePino(pino(), options)],
    ['traceWinston', (options: never) => traceWinston(winston.createLogger(), options)],
  ])('other options of %s', (name, trace) => {
    expect(() => trace({ field: 'ecs' } as never)).toThrow(`${name} has no option \`field\``)
    expect(() => trace(null as never)).toThrow('`options` to be an object')
  })

  it('and what was set before stays', () => {
    const log = loggers.pino()
    expect(() => configure({ fields: 'splunk' as never })).toThrow('`fields.preset`')
    runWithTrace(headers, () => log.info('line'))
    expect(log.parsed()[0]).toHaveProperty('trace_id')
  })
})

describe('the fields of one logger', () => {
  const lines: string[] = []
  const made = () => tracePino(pino({ timestamp: false, base: null }, { write: (line: string) => lines.push(line) }))
  const last = () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>

  it('can be set for one that is trace-aware already, and hold for its children, also those made before', () => {
    const log = made()
    const child = log.child({ part: 'db' })
    runWithTrace(headers, () => {
      child.info('before')
      expect(last()).toHaveProperty('trace_id', traceId)
      tracePino(log, { fields: 'ecs' })
      child.info('after')
      expect(last()).toEqual(expect.objectContaining({ part: 'db', 'trace.id': traceId }))
      expect(last()).not.toHaveProperty('trace_id')
    })
  })

  it('can be those of a child alone', () => {
    const log = made()
    const child = tracePino(log.child({ part: 'db' }), { fields: 'ecs' })
    runWithTrace(headers, () => {
      child.child({}).info('child')
      expect(last()).toHaveProperty(['trace.id'], traceId)
      log.info('parent')
      expect(last()).toHaveProperty('trace_id', traceId)
    })
  })

  it('stay as they are where tracePino is called once more without any', () => {
    const log = tracePino(tracePino(made(), { fields: 'ecs' }))
    runWithTrace(headers, () => log.info('line'))
    expect(last()).toHaveProperty(['trace.id'], traceId)
    expect(lines.at(-1)?.split(traceId)).toHaveLength(2)
  })
})

describe('SPANLOG_FIELDS', () => {
  const program = `
    const { runWithTrace } = require('spanlog')
    const log = require('spanlog/pino')({ timestamp: false, base: null })
    runWithTrace({ traceparent: '${headers.traceparent}' }, () => log.info('line'))
  `
  const write = async (fields: string, more: object = {}) => {
    const { stdout, stderr } = await run(process.execPath, ['-e', program], { env: { ...process.env, SPANLOG_FIELDS: fields, ...more } })
    return { line: JSON.parse(stdout) as object, stderr }
  }

  it.each<[string, string, object]>([
    ['a preset', ' ecs ', { 'trace.id': traceId }],
    ['options as JSON', '{"names":{"traceId":"traceID"},"service":{"name":"orders"}}', { traceID: traceId, 'service.name': 'orders' }],
    ['nothing', '', { trace_id: traceId }],
  ])('takes %s', async (_, fields, expected) => {
    const { line, stderr } = await write(fields)
    expect(line).toMatchObject(expected)
    expect(stderr).toBe('')
  })

  it('takes the project of gcp from GOOGLE_CLOUD_PROJECT', async () => {
    const { line } = await write('gcp', { GOOGLE_CLOUD_PROJECT: 'shop' })
    expect(line).toMatchObject({ 'logging.googleapis.com/trace': `projects/shop/traces/${traceId}` })
  })

  it.each(['splunk', '{"preset":', '{"presets":"ecs"}'])('is warned of once and not used where it is wrong: %s', async (fields) => {
    const { line, stderr } = await write(fields)
    expect(line).toMatchObject({ trace_id: traceId })
    expect(stderr).toContain('SPANLOG_FIELDS is wrong, and is not used')
  })
})
