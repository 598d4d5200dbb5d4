import { once } from 'node:events'
import { Redis } from 'ioredis'
import { correlationId, withSpan } from 'spanlog'
import { traceCache } from 'spanlog/cache'
import { recordTelemetry } from 'spanlog/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningProgram, redis as redisServer, startProgram } from '../support/program.js'

const telemetry = recordTelemetry()
let server: RunningProgram
let redis: Redis
beforeAll(async () => {
  server = await startProgram(redisServer)
})
beforeEach(async () => {
  redis = traceCache(new Redis({ port: server.port, host: '127.0.0.1', db: 2 }))
  await redis.flushall()
  await redis.mset('a', '1', 'b', '2')
  telemetry.reset()
})
afterEach(() => redis.disconnect())
afterAll(async () => {
  telemetry.stop()
  await server.stop()
})

const attributes = () => ({
  'db.system.name': 'redis',
  'db.namespace': '2',
  'server.address': '127.0.0.1',
  'server.port': server.port,
})
const shown = () => telemetry.spans().map(({ name, attributes: { 'cache.hit': hit } }) => [name, hit])

describe('traceCache on ioredis, with a real Redis', () => {
  it('opens a client span under the active one, that says whether it hit', async () => {
    const values = await withSpan('order', async () => [await redis.get('a'), await redis.get('none')])
    expect(values).toEqual(['1', null])
    const [hit, miss, parent] = telemetry.spans()
    expect(hit).toMatchObject({ name: 'GET', kind: 'client', parentSpanId: parent?.spanId, status: { code: 'unset' } })
    expect(hit?.attributes).toEqual({ ...attributes(), 'db.operation.name': 'GET', 'cache.hit': true })
    expect(miss?.attributes['cache.hit']).toBe(false)
  })

  it.each<[string, () => Promise<unknown>, string, boolean | undefined]>([
    ['several keys that are there', () => redis.mget('a', 'b'), 'MGET', true],
    ['several keys of which one is not', () => redis.mget('a', 'none'), 'MGET', false],
    ['a field that is not there', () => redis.hget('h', 'f'), 'HGET', false],
    ['a Buffer', () => redis.getBuffer('a'), 'GET', true],
    ['a key that is set', () => redis.set('c', '3'), 'SET', undefined],
    ['a key that is deleted', () => redis.del('a'), 'DEL', undefined],
    ['a command by its name', () => redis.call('GET', 'a'), 'GET', true],
  ])('says it of %s', async (_, ask, name, hit) => {
    await ask()
    expect(shown()).toEqual([[name, hit]])
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['a pipeline', () => redis.pipeline().get('a').get('none').set('c', '3').mget('a', 'b').exec(), 'PIPELINE'],
    ['a transaction', () => redis.multi().get('a').get('none').set('c', '3').mget('a', 'b').exec(), 'MULTI'],
  ])('makes one span of %s, with what hit and what missed', async (_, ask, name) => {
    expect(await ask()).toEqual([
      [null, '1'],
      [null, null],
      [null, 'OK'],
      [null, ['1', '2']],
    ])
    expect(telemetry.spans()).toHaveLength(1)
    expect(telemetry.spans()[0]).toMatchObject({ name, kind: 'client' })
    expect(telemetry.spans()[0]?.attributes).toEqual({
      ...attributes(),
      'db.operation.name': name,
      'db.operation.batch.size': 4,
      'cache.hit': false,
      'cache.hits': 3,
      'cache.misses': 1,
    })
  })

  it('records what Redis refuses, with its code, and passes it on', async () => {
    await redis.lpush('list', 'x')
    telemetry.reset()
    await expect(redis.get('list')).rejects.toThrow('WRONGTYPE Operation against a key')
    expect(await redis.pipeline().get('list').exec()).toEqual([[expect.objectContaining({ name: 'ReplyError' })]])
    expect(telemetry.spans()[0]).toMatchObject({
      status: { code: 'error' },
      attributes: { 'db.response.status_code': 'WRONGTYPE', 'error.type': 'WRONGTYPE' },
    })
    expect(telemetry.spans()[1]?.attributes).not.toHaveProperty('cache.hit')
  })

  it('leaves a rejection that nobody handles unhandled, and one with a callback to the callback', async () => {
    await redis.lpush('list', 'x')
    expect(await new Promise((resolve) => void redis.get('list', resolve))).toMatchObject({ name: 'ReplyError' })
    expect(
      await new Promise(
        (resolve) =>
          void redis
            .multi()
            .exec(resolve)
            .catch(() => undefined),
      ),
    ).toBeNull()
    const before = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    try {
      const unhandled = once(process, 'unhandledRejection')
      void redis.get('list')
      expect((await unhandled)[0]).toMatchObject({ name: 'ReplyError' })
    } finally {
      for (const listener of before) process.on('unhandledRejection', listener)
    }
  })

  it('calls back in the trace of the call', async () => {
    await withSpan('order', async (span) => {
      const id = await new Promise((resolve) => void redis.get('a', () => resolve(correlationId())))
      expect(id).toBe(span.spanContext().traceId)
    })
  })

  it('makes one span of a command that had to wait for its connection, and none of the handshake', async () => {
    const late = traceCache(new Redis({ port: server.port, host: '127.0.0.1', db: 2, lazyConnect: true, connectionName: 'late' }))
    expect(await late.get('a')).toBe('1')
    late.disconnect()
    expect(shown()).toEqual([['GET', true]])
  })
})
