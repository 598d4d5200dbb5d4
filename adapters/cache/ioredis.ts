import type { Attributes } from '@opentelemetry/api'
import { claim, insteadOfOthers, override } from '../instrumented.js'
import { type CacheSpan, keyAttributes, type Outcome, openCacheSpan, outcomeOf } from './cache-span.js'
import type { TraceCacheOptions } from './options.js'

type AnyFunction = (...args: unknown[]) => unknown

/** `Redis` of ioredis; its `Cluster` has the same methods. */
interface Redis {
  sendCommand: AnyFunction
  pipeline: AnyFunction
  multi?: AnyFunction
  options?: { host?: unknown; port?: unknown; path?: unknown; db?: unknown }
  status?: unknown
}

interface Command {
  name: string
  args: readonly unknown[]
  promise: Promise<unknown>
  callback?: unknown
}

interface Pipeline {
  exec: AnyFunction
  _queue?: readonly Command[]
}

const mark = Symbol.for('spanlog.cache')
// Of which the answer says whether the key was there.
const lookups = new Set(['get', 'getbuffer', 'getex', 'getdel', 'hget', 'hgetbuffer', 'json.get'])
const manyLookups = new Set(['mget', 'mgetbuffer', 'hmget', 'hmgetbuffer'])
// What ioredis sends by itself when it connects.
const handshake = new Set(['auth', 'hello', 'select', 'client', 'readonly', 'info'])

export function isRedis(client: object): client is Redis {
  const { sendCommand, pipeline } = client as Partial<Redis>
  return typeof sendCommand === 'function' && typeof pipeline === 'function'
}

export function traceRedis(client: Redis, options: TraceCacheOptions): void {
  if (!claim(client, mark)) return
  const { sendCommand } = client
  // A command comes again where it waited for its connection, or was lost with one.
  const seen = new WeakSet<Command>()
  override(client, 'sendCommand', function (this: Redis, ...args: unknown[]) {
    const [command, stream] = args as [Command, unknown]
    const send = (): unknown => sendCommand.apply(this, args)
    // Those of a pipeline come with its stream.
    if (seen.has(command) || stream !== undefined || isHandshake(this, command)) return send()
    seen.add(command)
    const operation = command.name.toUpperCase()
    const attributes = { ...redisAttributes(this, operation), ...keyAttributes(options, command.args[0]) }
    const span = openCacheSpan(operation, 'client', attributes)
    const sent = span.run(() => insteadOfOthers(sendCommand, send))
    const settled = settling(command.promise, span, (answer) => outcomeOfCommand(command.name, answer))
    return goingOn(sent, settled, command.callback)
  })
  for (const method of ['pipeline', 'multi'] as const) {
    const original = client[method]
    if (typeof original !== 'function') continue
    override(client, method, function (this: Redis, ...args: unknown[]) {
      const made = original.apply(this, args) as Pipeline
      if (typeof made?.exec === 'function') traceExec(this, made, method === 'multi' ? 'MULTI' : 'PIPELINE')
      return made
    })
  }
}

/** One span for all that goes in one piece. */
function traceExec(client: Redis, pipeline: Pipeline, operation: string): void {
  const { exec } = pipeline
  let begun = false
  override(pipeline, 'exec', function (this: Pipeline, ...args: unknown[]) {
    // It is called again by ioredis itself where a cluster moved a key.
    if (begun) return exec.apply(this, args)
    begun = true
    const all = (this._queue ?? []).map(({ name }) => name)
    // Without those that make a transaction of it.
    const commands = all.filter((name) => name !== 'multi' && name !== 'exec')
    const attributes = { ...redisAttributes(client, operation), 'db.operation.batch.size': commands.length }
    const span = openCacheSpan(operation, 'client', attributes)
    const sent = span.run(() => exec.apply(this, args)) as Promise<unknown>
    const settled = settling(sent, span, (results) => outcomeOfBatch(all, commands, results))
    return goingOn(sent, settled, args[0])
  })
}

function settling(promise: Promise<unknown>, span: CacheSpan, outcome: (answer: unknown) => Outcome | undefined): Promise<unknown> {
  return promise.then(
    (answer) => {
      span.end(outcome(answer))
      return answer
    },
    (error: unknown) => {
      span.fail(error, replyCode(error))
      throw error
    },
  )
}

/** A rejection that nobody handles stays one; with a callback, it is the callback that has it. */
function goingOn(sent: unknown, settled: Promise<unknown>, callback: unknown): unknown {
  if (typeof callback !== 'function') return settled
  settled.catch(() => undefined)
  return sent
}

function outcomeOfCommand(name: string, answer: unknown): Outcome | undefined {
  const command = name.toLowerCase()
  if (lookups.has(command)) return outcomeOf([answer])
  return manyLookups.has(command) && Array.isArray(answer) ? outcomeOf(answer) : undefined
}

/** Of `[error, answer]` for each command. */
function outcomeOfBatch(all: readonly string[], commands: readonly string[], results: unknown): Outcome | undefined {
  if (!Array.isArray(results)) return undefined
  const names = results.length === all.length ? all : commands
  const total: Outcome = { hits: 0, misses: 0 }
  for (const [i, result] of results.entries()) {
    const [error, answer] = result as [unknown, unknown]
    const outcome = error ? undefined : outcomeOfCommand(names[i] ?? '', answer)
    total.hits += outcome?.hits ?? 0
    total.misses += outcome?.misses ?? 0
  }
  return total
}

function isHandshake({ status }: Redis, { name }: Command): boolean {
  return (status === 'connecting' || status === 'connect') && handshake.has(name)
}

/** `WRONGTYPE Operation against a key …` */
function replyCode(error: unknown): string | undefined {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown }
  return name === 'ReplyError' && typeof message === 'string' ? /^[A-Z]+\b/.exec(message)?.[0] : undefined
}

/** @see https://opentelemetry.io/docs/specs/semconv/database/redis/ */
function redisAttributes({ options: { host, port, path, db } = {} }: Redis, operation: string): Attributes {
  return {
    'db.system.name': 'redis',
    'db.operation.name': operation,
    ...(typeof db === 'number' && { 'db.namespace': String(db) }),
    ...(typeof path === 'string' ? { 'server.address': path } : typeof host === 'string' && { 'server.address': host }),
    ...(typeof path !== 'string' && typeof port === 'number' && { 'server.port': port }),
  }
}
