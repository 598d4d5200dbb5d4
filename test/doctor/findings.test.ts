import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { checkImports } from '../../src/doctor/check-imports.js'
import { checkLines, countLines } from '../../src/doctor/check-lines.js'
import { checkLoad } from '../../src/doctor/check-load.js'
import { checkPackages } from '../../src/doctor/check-packages.js'
import { checkProcess, seesGlobals } from '../../src/doctor/check-process.js'
import { checkTrace, type TraceSeen } from '../../src/doctor/check-trace.js'
import { checkClock } from '../../src/doctor/clock.js'
import type { ProcessFacts } from '../../src/doctor/facts.js'
import { type Finding, findingCodes, inOrder } from '../../src/doctor/finding.js'
import { importsOf } from '../../src/doctor/imports.js'
import type { LoadFacts } from '../../src/doctor/load-facts.js'
import { inventoryOf, resolvePackage } from '../../src/doctor/packages.js'
import type { LogEntry } from '../../src/logs/types.js'
import type { TraceSpan } from '../../src/traces/types.js'
import { span } from '../support/otlp.js'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const api = '@opentelemetry/api'
const base = mkdtempSync(path.join(tmpdir(), 'spanlog-findings-'))
afterAll(() => rmSync(base, { recursive: true }))

class Link {
  constructor(readonly to: string) {}
}
function link(from: string, to: string): Record<string, Link> {
  return { [from]: new Link(to) }
}

/** A project of manifests and sources; a package stands for itself with its version, or with more of its manifest. */
function project(files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(path.join(base, 'project-'))
  for (const [name, content] of Object.entries({ 'package.json': {}, ...files })) {
    if (content instanceof Link) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
      symlinkSync(path.join(folder, content.to), path.join(folder, name))
      continue
    }
    const isPackage = name.includes('node_modules/') && path.extname(name) === ''
    const file = path.join(folder, isPackage ? `${name}/package.json` : name)
    mkdirSync(path.dirname(file), { recursive: true })
    const manifest = typeof content === 'string' ? { version: content } : content
    const text = isPackage ? { name: name.slice(name.lastIndexOf('node_modules/') + 13), ...manifest } : content
    writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text))
  }
  return folder
}

const installed = { [`node_modules/${api}`]: '1.9.1' }

function packages(files: Readonly<Record<string, string | object>>, node = 'v20.20.0', at = '.'): Finding[] {
  const folder = path.join(project(files), at)
  return checkPackages(folder, inventoryOf(folder), node)
}

const store0 = 'node_modules/.pnpm'
const old = `${store0}/winston@3.1.0/node_modules/winston`
const store = {
  [old]: '3.1.0',
  [`${store0}/winston@3.19.0/node_modules/winston`]: '3.19.0',
  [`${store0}/mail@1.0.0/node_modules/mail`]: '1.0.0',
  ...link(`${store0}/mail@1.0.0/node_modules/winston`, `${store0}/winston@3.19.0/node_modules/winston`),
}

/** Two packages, each with a pino of its own, linked into the folder around them. */
function monorepo(dependencies: Readonly<Record<string, string>>): Record<string, string | object> {
  return {
    ...installed,
    'packages/orders/package.json': { name: 'orders', dependencies },
    'packages/shared/package.json': { name: 'shared' },
    'packages/orders/node_modules/pino': '10.4.0',
    'packages/shared/node_modules/pino': '9.14.0',
    ...link('node_modules/orders', 'packages/orders'),
    ...link('node_modules/shared', 'packages/shared'),
  }
}

function code(files: Readonly<Record<string, string | object>>): Finding[] {
  const folder = project({ ...installed, ...files })
  return checkImports(importsOf(folder), (name) => resolvePackage(folder, name) !== undefined)
}

const healthy: ProcessFacts = {
  pid: 1,
  node: 'v20.20.0',
  main: '/app/server.js',
  apiVersion: '1.9.1',
  provider: 'NodeTracerProvider',
  contextManager: 'AsyncLocalStorageContextManager',
  propagator: ['traceparent'],
  loaded: [{ name: api, version: '1.9.1', path: '/app/api', seesProvider: true }],
  unreached: [],
  lines: { aware: 1, others: 0 },
  made: 0,
}
const running = (facts: Partial<Record<keyof ProcessFacts, unknown>>): Finding[] => checkProcess({ ...healthy, ...facts } as ProcessFacts)
const loaded = (facts: Partial<LoadFacts>): Finding[] => checkLoad({ broken: [], doubles: [], lines: {}, ...facts })

function entry(given: Partial<LogEntry> = {}): LogEntry {
  return { line: 'charged', fields: {}, metadata: {}, labels: {}, service: 'orders', ...given }
}
const withId = entry({ traceId: TRACE, metadata: { trace_id: TRACE } })
const lines = (...entries: LogEntry[]): Finding[] => checkLines(countLines(entries), 'in the window of Loki')

const root = span(TRACE, { service: 'gateway' })
const child = (given: Partial<TraceSpan> = {}): TraceSpan =>
  span(TRACE, { parentSpanId: root.spanId, service: 'orders', startUnixNano: root.startUnixNano, endUnixNano: root.endUnixNano, ...given })
const lineOf = ({ spanId, service }: TraceSpan): LogEntry => entry({ traceId: TRACE, spanId, service })

function trace(spans: TraceSpan[], entries: LogEntry[] | undefined = spans.map(lineOf), given: Partial<TraceSeen> = {}): Finding[] {
  return checkTrace({
    traceId: TRACE,
    lines: { entries, complete: true },
    spans: { ...(spans.length > 0 && { trace: { traceId: TRACE, spans } }), complete: true },
    ...given,
  })
}

type Find = () => Finding[]

const rows: [code: string, what: string, found: Find, not: Find][] = [
  ['API_MISSING', 'no copy of the API', () => packages({}), () => packages(installed)],
  [
    'API_COPIES',
    'two versions of the API',
    () => packages({ ...installed, [`node_modules/sdk/node_modules/${api}`]: '1.8.0' }),
    () => packages(installed),
  ],
  [
    'PACKAGE_COPIES',
    'two copies of pino',
    () => packages({ ...installed, 'node_modules/pino': '10.4.0', 'node_modules/a/node_modules/pino': '9.1.0' }),
    () => packages({ ...installed, 'node_modules/pino': '10.4.0' }),
  ],
  [
    'PACKAGE_COPIES',
    'two copies of winston in pnpm’s store, one of them by a package of the project',
    () =>
      packages({
        ...installed,
        ...store,
        ...link('node_modules/winston', old),
        ...link('node_modules/mail', `${store0}/mail@1.0.0/node_modules/mail`),
      }),
    // What lies in the store may be of another package of the monorepo.
    () => packages({ ...installed, ...store, ...link('node_modules/winston', old) }),
  ],
  [
    'PACKAGE_COPIES',
    'two copies of pino, one of them by a package of the monorepo that this one needs',
    () => packages(monorepo({ shared: '*' }), undefined, 'packages/orders'),
    () => packages(monorepo({}), undefined, 'packages/orders'),
  ],
  [
    'PACKAGE_COPIES',
    'two copies of pino by two packages of a monorepo, where all of it is looked at',
    () => packages(monorepo({})),
    () => packages(monorepo({}), undefined, 'packages/shared'),
  ],
  [
    'PACKAGE_COPIES',
    'two copies of spanlog',
    () => packages({ ...installed, 'node_modules/spanlog': '0.1.0', 'node_modules/a/node_modules/spanlog': '0.1.0' }),
    () => packages({ ...installed, 'node_modules/spanlog': '0.1.0' }),
  ],
  [
    'PACKAGE_COPIES',
    'two lines of the SDK, where several copies of one are what npm installs',
    () =>
      packages({
        ...installed,
        'node_modules/@opentelemetry/sdk-trace-base': '2.12.0',
        'node_modules/old/node_modules/@opentelemetry/sdk-trace-base': '1.30.1',
      }),
    () =>
      packages({
        ...installed,
        'node_modules/@opentelemetry/sdk-trace-base': '2.12.0',
        'node_modules/new/node_modules/@opentelemetry/sdk-trace-base': '2.12.1',
      }),
  ],
  [
    'PACKAGE_COPIES',
    'two lines of the SDK that were loaded',
    () =>
      running({ loaded: ['1.30.1', '2.12.0'].map((version) => ({ name: '@opentelemetry/sdk-trace-base', version, path: `/${version}` })) }),
    () => running({ loaded: ['2.12.0', '2.12.1'].map((version) => ({ name: '@opentelemetry/sdk-trace', version, path: `/${version}` })) }),
  ],
  [
    'PACKAGE_COPIES',
    'two copies that were loaded',
    () => running({ loaded: ['/a', '/b'].map((at) => ({ name: 'pino', version: '10.4.0', path: at })) }),
    () => running({ loaded: [{ name: 'pino', version: '10.4.0', path: '/a' }] }),
  ],
  ['PACKAGE_COPIES', 'a copy for `import` and one for `require`', () => loaded({ doubles: ['winston'] }), () => loaded({})],
  [
    'SDK_SHUT_OUT',
    'an SDK that does not take the API',
    () =>
      packages({
        [`node_modules/${api}`]: '1.10.0',
        'node_modules/@opentelemetry/core': { version: '2.12.0', peerDependencies: { [api]: '>=1.0.0 <1.10.0' } },
      }),
    () =>
      packages({ ...installed, 'node_modules/@opentelemetry/core': { version: '2.12.0', peerDependencies: { [api]: '>=1.0.0 <1.10.0' } } }),
  ],
  [
    'SDK_SHUT_OUT',
    'an SDK that was tried in vain',
    () => loaded({ sdk: { ok: false, problem: 'its spans do not record' } }),
    () => loaded({ sdk: { ok: true } }),
  ],
  [
    'PEER_VERSION',
    'a pino that is too old',
    () =>
      packages({
        ...installed,
        'node_modules/pino': '8.21.0',
        'node_modules/spanlog': { version: '0.1.0', peerDependencies: { pino: '>=9.0.0 <11.0.0' } },
      }),
    () =>
      packages({
        ...installed,
        'node_modules/pino': '9.0.0',
        'node_modules/spanlog': { version: '0.1.0', peerDependencies: { pino: '>=9.0.0 <11.0.0' } },
      }),
  ],
  [
    'NODE_VERSION',
    'an SDK for a newer Node.js',
    () => packages({ ...installed, 'node_modules/@opentelemetry/sdk-trace': { version: '3.0.0', engines: { node: '>=22.15.0' } } }),
    () =>
      packages({ ...installed, 'node_modules/@opentelemetry/sdk-trace': { version: '3.0.0', engines: { node: '>=22.15.0' } } }, 'v22.15.0'),
  ],
  ['NOT_WALKED', 'packages in archives', () => packages({ '.pnp.cjs': '' }), () => packages(installed)],
  [
    'MODULE_BROKEN',
    'a package that does not load',
    () => loaded({ broken: [{ name: 'pino', problem: 'no such file' }] }),
    () => loaded({}),
  ],
  [
    'LOGGER_NOT_REACHED',
    'pino by itself',
    () => code({ 'src/log.ts': "// the logger\nimport { pino } from 'pino'\n" }),
    () => code({ 'src/log.ts': "import { pino } from 'spanlog/pino'\nimport type { Logger } from 'pino'\n" }),
  ],
  [
    'LOGGER_NOT_REACHED',
    'winston by itself',
    () => code({ 'log.js': "const winston = require('winston')" }),
    () =>
      code({
        'log.js': "const winston = require('winston')",
        'package.json': { scripts: { start: 'node --import spanlog/register log.js' } },
      }),
  ],
  [
    'LOGGER_NOT_REACHED',
    'a logger that wrote',
    () => running({ unreached: [{ logger: 'pino', place: 'a.js:1', lines: 7, linesInTrace: 0 }] }),
    () => running({}),
  ],
  [
    'TRACED_TWICE',
    'two that put IDs into lines',
    () => code({ 'a.js': "require('@opentelemetry/instrumentation-pino'); require('spanlog/pino')", 'node_modules/pino': '10.4.0' }),
    () => code({ 'a.js': "require('@opentelemetry/instrumentation-pino'); require('pino')" }),
  ],
  [
    'TRACED_TWICE',
    'two that serve requests',
    () =>
      code({
        'a.mjs':
          "import '@opentelemetry/auto-instrumentations-node/register'\nimport '@opentelemetry/instrumentation-http'\nimport { traceHttp } from 'spanlog/http'",
      }),
    () =>
      code({
        'a.mjs': "import { traceHttp } from 'spanlog/http'",
        // Installed is not started.
        'package.json': { dependencies: { '@opentelemetry/auto-instrumentations-node': '*' } },
      }),
  ],
  [
    'TRACED_TWICE',
    'two that serve requests, one of them by the command that starts the service',
    () =>
      code({
        'a.mjs': "import { traceHttp } from 'spanlog/http'",
        'package.json': { scripts: { start: 'node --require @opentelemetry/auto-instrumentations-node/register a.mjs' } },
      }),
    () => code({ 'a.mjs': "import { traceHttp } from 'spanlog/http'", 'package.json': { scripts: { start: 'node a.mjs' } } }),
  ],
  [
    'REQUEST_ID_TWICE',
    'a request ID beside the trace ID',
    () => code({ 'a.mjs': "import pinoHttp from 'pino-http'\nimport { withSpan } from 'spanlog'\npinoHttp()" }),
    () =>
      code({
        'a.mjs': "import pinoHttp from 'pino-http'\nimport { correlationId } from 'spanlog'\npinoHttp({ genReqId: () => correlationId() })",
      }),
  ],
  [
    'PEER_MISSING',
    'a logger that is not installed',
    () => code({ 'a.mjs': "import winston from 'spanlog/winston'" }),
    () => code({ 'a.mjs': "import winston from 'spanlog/winston'", 'node_modules/winston': '3.19.0' }),
  ],
  [
    'NO_PROVIDER',
    'nothing registered',
    () => running({ provider: undefined, apiVersion: undefined, contextManager: undefined, propagator: undefined }),
    () => running({}),
  ],
  [
    'RUN_QUIET',
    'no logger at work',
    () => running({ lines: { aware: 0, others: 0 } }),
    () => running({ lines: { aware: 0, others: 0 }, made: 1 }),
  ],
  ['NO_PROVIDER', 'a proxy with nothing behind it', () => running({ provider: 'none behind the proxy' }), () => running({})],
  ['NO_CONTEXT_MANAGER', 'a provider alone', () => running({ contextManager: undefined }), () => running({})],
  ['NO_PROPAGATOR', 'no propagator', () => running({ propagator: undefined }), () => running({})],
  ['NO_PROPAGATOR', 'a propagator of no headers', () => running({ propagator: [] }), () => running({})],
  [
    'API_SHUT_OUT',
    'a newer copy that sees nothing',
    () => running({ loaded: [{ name: api, version: '1.10.0', path: '/b' }] }),
    () => running({ loaded: [{ name: api, version: '1.9.1', path: '/b' }] }),
  ],
  [
    'API_SHUT_OUT',
    'a copy that was asked in vain',
    () => running({ loaded: [{ name: api, version: '1.9.1', path: '/b', seesProvider: false }] }),
    () => running({}),
  ],
  [
    'LINES_WITHOUT_IDS',
    'a drop-in that was tried in vain',
    () => loaded({ lines: { pino: { ok: false, problem: 'its line has no trace' } } }),
    () => loaded({ lines: { pino: { ok: true } } }),
  ],
  ['LINES_WITHOUT_IDS', 'a service without IDs', () => lines(entry(), entry()), () => lines(withId)],
  [
    'LINES_WITHOUT_IDS',
    'a service with none, or with something else in some lines',
    () => lines(entry(), entry({ fields: { trace_id: '0af76519-16cd' } })),
    () => lines(entry({ fields: { trace_id: '0af76519-16cd' } })),
  ],
  ['LINES_WITHOUT_IDS', 'a service with some', () => lines(entry(), withId), () => lines(withId, withId)],
  ['NO_LINES', 'a window without lines', () => lines(), () => lines(withId)],
  ['ID_IS_LABEL', 'an ID as a label', () => lines(entry({ traceId: TRACE, labels: { trace_id: TRACE } })), () => lines(withId)],
  [
    'ID_IN_TEXT',
    'an ID in the text alone',
    () => lines(entry({ traceId: TRACE, fields: { trace_id: TRACE } })),
    () => lines(entry({ ...withId, fields: { trace_id: TRACE } })),
  ],
  [
    'ID_MALFORMED',
    'a UUID for an ID',
    () => lines(entry({ fields: { trace_id: '0af76519-16cd' } })),
    () => lines(entry({ fields: { trace_id: '' } })),
  ],
  ['TRACE_UNKNOWN', 'no span', () => trace([]), () => trace([root])],
  ['TRACE_WITHOUT_LINES', 'no line', () => trace([root], []), () => trace([root])],
  ['TRACE_WITHOUT_LINES', 'mentions alone', () => trace([root], [{ ...lineOf(root), mention: true }]), () => trace([root])],
  [
    'TRACE_NOT_PROVEN',
    'an answer that is cut',
    () => trace([root], [], { lines: { entries: [lineOf(root)], complete: false } }),
    () => trace([root]),
  ],
  ['SERVICE_WITHOUT_LINES', 'a service that logs nothing', () => trace([root, child()], [lineOf(root)]), () => trace([root, child()])],
  [
    'SERVICE_WITHOUT_SPANS',
    'a service that is not traced',
    () => trace([root], [lineOf(root), entry({ traceId: TRACE, service: 'mail' })]),
    () => trace([root], [lineOf(root), { ...lineOf(root), service: 'named otherwise' }]),
  ],
  [
    'SPANS_MISSING',
    'a parent that is not there',
    () => trace([root, child({ parentSpanId: 'b'.repeat(16) })]),
    () => trace([root, child()]),
  ],
  [
    'SPANS_MISSING',
    'a line of a span that is not there',
    () => trace([root], [lineOf(root), { ...lineOf(root), spanId: 'b'.repeat(16) }]),
    () => trace([root]),
  ],
  ['SPANS_TWICE', 'two server spans of a request', () => trace([root, child({ service: 'gateway' })]), () => trace([root, child()])],
  [
    'CLOCKS_DIFFER',
    'a child that begins before its parent',
    () => trace([root, child({ startUnixNano: root.startUnixNano - 5_000_000_000n, endUnixNano: root.startUnixNano - 4_999_500_000n })]),
    () => trace([root, child()]),
  ],
]

describe('a finding', () => {
  it.each(rows)('%s: %s', (name, _, found, not) => {
    expect(found().map((one) => one.code)).toContain(name)
    expect(not().map((one) => one.code)).not.toContain(name)
  })

  it.each(rows)('%s says what and what to do: %s', (_, __, found) => {
    for (const { what, remedy, severity } of found()) {
      expect(what).not.toMatch(/undefined|\.$/)
      expect([remedy.length > 10, ['error', 'warning', 'info'].includes(severity)]).toEqual([true, true])
    }
  })

  // Of a store, a clock and a program; see there.
  it('of each code is a row', () => {
    const elsewhere = new Set(['STORE_FAILED', 'CLOCK_OF_STORE', 'RUN_SILENT'])
    expect(findingCodes.filter((one) => !elsewhere.has(one)).toSorted()).toEqual([...new Set(rows.map(([one]) => one))].toSorted())
  })

  it('comes once, the worst first', () => {
    const [a] = packages({})
    const [b] = lines()
    expect(inOrder([b!, a!, b!])).toEqual([a, b])
  })
})

describe('what is sound', () => {
  it.each<[what: string, find: Find]>([
    ['one copy of each', () => packages({ ...installed, 'node_modules/pino': '10.4.0', 'node_modules/winston': '3.19.0' })],
    ['a process with all that is needed', () => running({})],
    ['packages that work together', () => loaded({ sdk: { ok: true }, lines: { pino: { ok: true }, winston: { ok: true } } })],
    ['code that imports the drop-ins', () => code({ 'a.ts': "import pino from 'spanlog/pino'", 'node_modules/pino': '10.4.0' })],
    [
      'tests that import a logger',
      () =>
        code({ 'test/a.ts': "import pino from 'pino'", 'a.test.ts': "import pino from 'pino'", 'node_modules/b/b.js': "require('pino')" }),
    ],
    ['lines with IDs in their metadata', () => lines(withId, withId)],
    ['a trace with its lines', () => trace([root, child()])],
  ])('has no finding: %s', (_, find) => {
    expect(find()).toEqual([])
  })

  it('two copies of the API of one version share what is registered', () => {
    const [found] = packages({ ...installed, [`node_modules/sdk/node_modules/${api}`]: '1.9.1' })
    expect(found).toMatchObject({ code: 'API_COPIES', severity: 'info', paths: [expect.any(String), expect.any(String)] })
  })

  it('a logger that wrote in a trace is an error, and says where it is', () => {
    const [found] = running({ unreached: [{ logger: 'pino', place: '/app/log.js:3', lines: 7, linesInTrace: 2 }] })
    expect(found).toMatchObject({
      severity: 'error',
      what: expect.stringContaining('wrote 2 of its 7 lines in a trace'),
      paths: ['/app/log.js:3'],
    })
  })

  it('a sample shows no secret, also one that its end would cut', () => {
    const line = JSON.stringify({ a: 'x'.repeat(270), req: { headers: { authorization: 'Basic opensesame' } }, msg: 'of ada@example.com' })
    const [service] = countLines([entry({ line })])
    expect(service?.sample.withoutId).toBe(
      `{"a":"${'x'.repeat(270)}","req":{"headers":{"authorization":"[REDACTED]"}},"msg":"of [REDACTED]"}`.slice(0, 300),
    )
  })

  it('the lines of each service are counted, with a sample', () => {
    expect(countLines([withId, entry({ line: 'no ID' }), entry({ service: 'mail', line: 'sent' })])).toMatchObject([
      { service: 'mail', lines: 1, withIds: 0, sample: { withoutId: 'sent' } },
      { service: 'orders', lines: 2, withIds: 1, metadata: 1, label: 0, text: 0, sample: { withId: 'charged', withoutId: 'no ID' } },
    ])
  })
})

describe('the rule of OpenTelemetry’s API', () => {
  it.each([
    ['1.9.1', '1.9.1', true],
    ['1.8.0', '1.9.1', true],
    ['1.9.1', '1.9.0', true],
    ['1.10.0', '1.9.1', false],
    ['1.9.1', '2.0.0', false],
    ['1.9.1-rc.1', '1.9.1', false],
    ['1.9.1-rc.1', '1.9.1-rc.1', true],
    ['0.20.1', '0.20.3', true],
    ['0.20.1', '0.21.0', false],
  ])('a copy of %s sees what %s registered: %s', (own, registered, sees) => {
    expect(seesGlobals(own, registered)).toBe(sees)
  })
})

describe('the clock of a store', () => {
  async function clockOf(date: string | undefined): Promise<Finding[]> {
    const server = createServer((_, res) => {
      if (date === undefined) res.sendDate = false
      else res.setHeader('date', date)
      res.writeHead(503).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    return checkClock('Loki', { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, '/ready')
  }
  const from = (ms: number): string => new Date(Date.now() + ms).toUTCString()

  it.each([
    ['a minute ahead', 60_000, /ahead of this one/],
    ['a minute behind', -60_000, /behind this one/],
  ])('differs: %s', async (_, ms, told) => {
    const [found] = await clockOf(from(ms))
    expect(found).toMatchObject({ code: 'CLOCK_OF_STORE', what: expect.stringMatching(told) })
  })

  it('agrees, as far as whole seconds tell; or is not told', async () => {
    expect(await clockOf(from(0))).toEqual([])
    expect(await clockOf(undefined)).toEqual([])
    expect(await checkClock('Loki', { url: 'http://127.0.0.1:9' }, '/ready')).toEqual([])
  })
})
