/**
 * Run in a project, as a program: loads the project's own packages, by `require` and by `import`, as its services do, and tries them together:
 * whether a span of its SDK records, and whether a line of its loggers carries the span's trace. Prints what came of it as JSON.
 *
 * @module
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { LoadFacts, Tried } from './load-facts.js'

const own = createRequire(path.join(path.resolve(process.argv[2] ?? '.'), 'package.json'))
const broken: LoadFacts['broken'] = []

interface Span {
  isRecording(): boolean
  spanContext(): { traceId: string }
  end(): void
}
interface Api {
  trace: {
    getTracer(name: string): { startActiveSpan(name: string, fn: (span: Span) => void): void }
    setGlobalTracerProvider(provider: object): boolean
  }
  context: { setGlobalContextManager(manager: object): boolean }
}
interface Sdk {
  NodeTracerProvider?: new () => object
  BasicTracerProvider?: new () => object
}
interface Hooks {
  AsyncLocalStorageContextManager: new () => { enable(): object }
}
interface Winston {
  createLogger(options: object): Logger
  transports: { Stream: new (options: object) => object }
}
interface Logger {
  info(message: string): void
}

/** `undefined` where it is not installed, or does not load. */
function load(name: string): unknown {
  try {
    return own(name)
  } catch (error) {
    const { message } = error as Error
    if (!message.includes(`'${name}'`) && !broken.some((one) => one.name === name))
      broken.push({ name, problem: message.split('\n', 1)[0] ?? '' })
    return undefined
  }
}

async function findDoubles(): Promise<string[]> {
  const doubles: string[] = []
  for (const name of ['@opentelemetry/api', 'pino', 'winston', 'spanlog']) {
    const required = load(name) as Record<string, unknown> | undefined
    if (required === undefined) continue
    const imported = (await import(pathToFileURL(own.resolve(name)).href)) as Record<string, unknown>
    const isSame = imported['default'] === required || Object.keys(required).some((key) => imported[key] === required[key])
    if (!isSame) doubles.push(name)
  }
  return doubles
}

/** The project's SDK, of the 2.x or 3.x line: whether it registers, and records. */
function trySdk(): Tried | undefined {
  const api = load('@opentelemetry/api') as Api | undefined
  const sdk = ['sdk-trace-node', 'sdk-trace', 'sdk-trace-base']
    .map((name) => load(`@opentelemetry/${name}`) as Sdk | undefined)
    .find(Boolean)
  const Provider = sdk?.NodeTracerProvider ?? sdk?.BasicTracerProvider
  if (api === undefined || Provider === undefined) return undefined
  return attempt(() => {
    const hooks = load('@opentelemetry/context-async-hooks') as Hooks | undefined
    if (hooks !== undefined) api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable())
    if (!api.trace.setGlobalTracerProvider(new Provider())) return 'the API refuses its provider'
    let isRecording = false
    api.trace.getTracer('spanlog doctor').startActiveSpan('try a span', (span) => {
      isRecording = span.isRecording()
      span.end()
    })
    return isRecording ? undefined : 'its spans do not record'
  })
}

/** A drop-in: whether a line within a span has its trace. */
function tryLine(name: 'pino' | 'winston', make: (stream: Writable) => Logger | undefined): Tried | undefined {
  const spanlog = load('spanlog') as { withSpan(name: string, fn: (span: Span) => void): void } | undefined
  if (spanlog === undefined || load(name) === undefined) return undefined
  return attempt(() => {
    let line = ''
    const stream = new Writable({ decodeStrings: false, write: (text: string, _, done) => done(void (line += text)) })
    let traceId = ''
    const logger = make(stream)
    spanlog.withSpan('try a line', (span) => {
      traceId = span.spanContext().traceId
      logger?.info('spanlog doctor')
    })
    return line.includes(traceId) ? undefined : `its line has no trace: ${line.trim().slice(0, 200)}`
  })
}

function attempt(act: () => string | undefined): Tried {
  try {
    const problem = act()
    return problem === undefined ? { ok: true } : { ok: false, problem }
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function main(): Promise<void> {
  const doubles = await findDoubles()
  const sdk = trySdk()
  const pino = tryLine('pino', (stream) =>
    (load('spanlog/pino') as ((options: object, stream: Writable) => Logger) | undefined)?.({}, stream),
  )
  const winston = tryLine('winston', (stream) => {
    const made = load('spanlog/winston') as Winston | undefined
    return made?.createLogger({ transports: [new made.transports.Stream({ stream })] })
  })
  const lines = { ...(pino && { pino }), ...(winston && { winston }) }
  process.stdout.write(`${JSON.stringify({ broken, doubles, ...(sdk && { sdk }), lines } satisfies LoadFacts)}\n`)
}

void main()
