import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const all = [
  'api',
  'core',
  'resources',
  'context-async-hooks',
  'sdk-trace-node',
  'exporter-trace-otlp-http',
  'exporter-trace-otlp-grpc',
  'exporter-zipkin',
  'otlp-transformer',
]
const program = `
  const { startTracing } = require('spanlog/tracing')
  try { startTracing({ exporters: JSON.parse(process.argv[1]) }); console.log('started') }
  catch (error) { console.log(error.code + ' ' + error.remedy) }`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Starts tracing in a project that lacks one package, and every instrumentation. */
function startWithout(missing: string, exporter: unknown): string {
  return runWithout(missing, program, JSON.stringify([exporter])).stdout.trim()
}

function runWithout(missing: string | readonly string[], script: string, ...args: string[]): { stdout: string; stderr: string } {
  const modules = path.join(folder, 'node_modules')
  mkdirSync(path.join(modules, '@opentelemetry'), { recursive: true })
  for (const part of ['package.json', 'dist/src']) cpSync(path.join(root, part), path.join(modules, 'spanlog', part), { recursive: true })
  for (const name of all.filter((each) => ![missing].flat().includes(each)))
    symlinkSync(path.join(root, 'node_modules/@opentelemetry', name), path.join(modules, '@opentelemetry', name))
  return spawnSync(process.execPath, ['-e', script, ...args], { cwd: folder, encoding: 'utf8' })
}

describe('a package that is missing is named with the line that installs it', () => {
  it.each([
    ['the SDK', 'sdk-trace-node', 'console', 'npm install "@opentelemetry/sdk-trace-node@2"'],
    ['the resources', 'resources', 'console', 'npm install "@opentelemetry/resources@2"'],
    ['the context manager', 'context-async-hooks', 'console', 'npm install "@opentelemetry/context-async-hooks@2"'],
    ['the OTLP exporter', 'exporter-trace-otlp-http', 'otlp', 'npm install "@opentelemetry/exporter-trace-otlp-http@<0.300"'],
    [
      'the OTLP exporter over gRPC',
      'exporter-trace-otlp-grpc',
      { type: 'otlp', protocol: 'grpc' },
      'npm install "@opentelemetry/exporter-trace-otlp-grpc@<0.300"',
    ],
    ['the Zipkin exporter', 'exporter-zipkin', 'zipkin', 'npm install "@opentelemetry/exporter-zipkin@2"'],
    [
      'the serializer of files',
      'otlp-transformer',
      { type: 'file', path: 'x.jsonl' },
      'npm install "@opentelemetry/otlp-transformer@<0.300"',
    ],
  ])('%s', (_, missing, exporter, line) => {
    expect(startWithout(missing, exporter)).toBe(`PEER_MISSING run ${line}`)
  })

  it('several in one line, where a project has none of those that tracing needs', () => {
    const script = "try { require('spanlog/tracing').startTracing() } catch ({ remedy }) { console.log(remedy) }"
    const names = ['core', 'sdk-trace-node', 'resources', 'context-async-hooks']
    expect(runWithout(names, script).stdout.trim()).toBe(`run npm install ${names.map((name) => `"@opentelemetry/${name}@2"`).join(' ')}`)
  })

  it('but only where it is needed', () => {
    expect(startWithout('otlp-transformer', 'console')).toBe('started')
    rmSync(path.join(folder, 'node_modules'), { recursive: true })
    expect(startWithout('exporter-trace-otlp-http', 'console')).toBe('started')
  })
})

it("instrumentations: 'auto' says so where it finds none", () => {
  const script = "require('spanlog/tracing').startTracing({ exporters: [], instrumentations: 'auto' })"
  expect(runWithout('none', script).stderr).toMatch(
    /'auto' found none of their packages.*npm install "@opentelemetry\/instrumentation-http@/,
  )
})
