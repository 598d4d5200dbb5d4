import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emitters } from './matrix/emitters.js'
import { http } from './matrix/http.js'
import { loggers } from './matrix/loggers.js'
import { pools, startPostgres, stopPostgres } from './matrix/pools.js'
import { processEvents } from './matrix/process.js'
import { promises } from './matrix/promises.js'
import { type Cell, measure, type Row } from './matrix/row.js'
import { streams } from './matrix/streams.js'
import { system } from './matrix/system.js'
import { threads } from './matrix/threads.js'
import { timers } from './matrix/timers.js'

const groups: readonly (readonly [string, readonly Row[]])[] = [
  ['Promises, generators and `AsyncResource`', promises],
  ['Timers and microtasks', timers],
  ['Emitters, events and channels', emitters],
  ['Streams', streams],
  ['HTTP, HTTP/2 and sockets', http],
  ['Connection pools', pools],
  ['Threads and processes', threads],
  ['Events of the process', processEvents],
  ['Files, DNS, crypto and readline', system],
  ['Loggers', loggers],
]
const rows = groups.flatMap(([, of]) => of)
const line = Number.parseInt(process.versions.node, 10)
const isKept = ({ how, keptFrom = Number.POSITIVE_INFINITY }: Row): boolean => how === undefined || line >= keptFrom
const file = path.resolve(import.meta.dirname, '../../docs/context.md')
// With SPANLOG_WRITE_DOCS=1 the table is written as it is measured, on Node 20, instead of compared.
const writing = process.env.SPANLOG_WRITE_DOCS === '1'
const page = readFileSync(file, 'utf8')
const marks = ['<!-- What test/context/matrix.test.ts measured, and checks: -->\n', '<!-- end -->\n'] as const
const measured = { otel: new Map<Row, Cell>(), own: new Map<Row, Cell>() }

beforeAll(startPostgres)
afterAll(stopPostgres)

describe.each([
  ["OpenTelemetry's context manager", 'otel', true],
  ["spanlog's own storage", 'own', false],
] as const)('with %s the trace', (_, column, managed) => {
  beforeAll(() => {
    if (managed) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  afterAll(() => {
    if (managed) context.disable()
  })

  it.each(rows)('is where docs/context.md has it: $where', async (row) => {
    const cell = await measure(row, { remedied: false, managed })
    measured[column].set(row, cell)
    if (isKept(row)) expect(cell).toBe('holds')
    else {
      expect(cell).not.toBe('holds')
      expect(await measure(row, { remedied: true, managed })).toBe('holds')
    }
  })
})

it('the tables of docs/context.md are those that were measured', () => {
  const lines = groups.flatMap(([title, of]) => [
    `### ${title}`,
    '',
    "| Where | OpenTelemetry's context manager | spanlog's own storage | What keeps it |",
    '| --- | --- | --- | --- |',
    of.map((row) => `| ${row.where} | ${measured.otel.get(row)} | ${measured.own.get(row)} | ${row.how ?? ''} |`).join('\n'),
    '',
  ])
  const [before = '', rest = ''] = page.split(marks[0])
  const [shown, after = ''] = rest.split(marks[1])
  const table = `\n${lines.join('\n')}\n`
  if (writing) writeFileSync(file, [before, marks[0], table, marks[1], after].join(''))
  else expect(onEachLine(shown)).toBe(onEachLine(table))
})

/** What only older lines of Node lose is shown as they have it. */
function onEachLine(text = ''): string {
  const differing = rows.filter((row) => row.how !== undefined && isKept(row))
  return text
    .split('\n')
    .filter((row) => !differing.some(({ where }) => row.startsWith(`| ${where} |`)))
    .join('\n')
}
