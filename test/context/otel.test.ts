import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
let app: string

/** Runs a CommonJS program in an application of its own and returns what it printed as JSON. */
async function run(program: string): Promise<unknown> {
  const file = path.join(app, `${Math.random().toString(36).slice(2)}.cjs`)
  writeFileSync(file, program)
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  return JSON.parse(stdout)
}

// The application has API 1.9 and the SDK; spanlog is installed with an API 1.10 of its own, which 1.9's globals shut out.
beforeAll(() => {
  app = mkdtempSync(path.join(tmpdir(), 'spanlog-otel-'))
  const modules = path.join(app, 'node_modules')
  mkdirSync(path.join(modules, 'spanlog/node_modules/@opentelemetry'), { recursive: true })
  cpSync(path.join(root, 'dist'), path.join(modules, 'spanlog/dist'), { recursive: true })
  cpSync(path.join(root, 'package.json'), path.join(modules, 'spanlog/package.json'))
  symlinkSync(path.join(root, 'node_modules/api110'), path.join(modules, 'spanlog/node_modules/@opentelemetry/api'))
  symlinkSync(path.join(root, 'node_modules/@opentelemetry'), path.join(modules, '@opentelemetry'))
})
afterAll(() => rmSync(app, { recursive: true, force: true }))

const sdk = `
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const api = require('@opentelemetry/api')
`

describe.each([
  ['with the same copy of the API', path.join(root, 'dist/src/index.js')],
  ['with a second, newer copy of the API', 'spanlog'],
])('beside an SDK, %s', (_, spanlog) => {
  it("sees the SDK's span, and its own spans are the SDK's", async () => {
    const result = await run(`${sdk}
      const { correlationId, withSpan, currentTrace, injectTrace } = require('${spanlog}')
      new NodeTracerProvider().register()
      api.trace.getTracer('app').startActiveSpan('theirs', (span) => {
        const theirs = span.spanContext()
        withSpan('ours', (ours) => {
          console.log(JSON.stringify({
            sameTrace: correlationId() === theirs.traceId,
            child: ours.parentSpanContext?.spanId === theirs.spanId,
            recording: ours.isRecording(),
            theySeeOurs: api.trace.getActiveSpan() === ours,
            wire: injectTrace().traceparent === '00-' + theirs.traceId + '-' + currentTrace().spanId + '-01',
          }))
        })
      })`)
    expect(result).toEqual({ sameTrace: true, child: true, recording: true, theySeeOurs: true, wire: true })
  })

  it('goes on in the same trace when the SDK starts in the middle of a request', async () => {
    const result = await run(`${sdk}
      const { correlationId, withSpan, runWithTrace } = require('${spanlog}')
      runWithTrace({ traceparent: '00-${'a'.repeat(32)}-${'b'.repeat(16)}-01' }, async () => {
        const before = correlationId()
        new NodeTracerProvider().register()
        await new Promise((resolve) => setTimeout(resolve, 1))
        const after = correlationId()
        const [inSpan, recording, sdkSees] = withSpan('late', (span) => [correlationId(), span.isRecording(), api.trace.getActiveSpan() === span])
        const fresh = await new Promise((resolve) => setImmediate(() => withSpan('next', { parent: null }, () => resolve(correlationId()))))
        console.log(JSON.stringify({ before, after, inSpan, recording, sdkSees, freshIsNew: fresh !== before }))
      })`)
    const id = 'a'.repeat(32)
    expect(result).toEqual({ before: id, after: id, inSpan: id, recording: true, sdkSees: true, freshIsNew: true })
  })

  it('registers nothing globally', async () => {
    const result = await run(`${sdk}
      const { withSpan } = require('${spanlog}')
      withSpan('x', () => {})
      const registered = Object.keys(globalThis[Symbol.for('opentelemetry.js.api.1')] ?? {})
      new NodeTracerProvider().register()
      const recording = api.trace.getTracer('app').startSpan('x').isRecording()
      console.log(JSON.stringify({ registered, recording }))`)
    expect(result).toEqual({ registered: [], recording: true })
  })
})

it('two copies of spanlog in one process share their contexts and settings', async () => {
  const result = await run(`
    const one = require('spanlog')
    const two = require(${JSON.stringify(path.join(root, 'dist/src/index.js'))})
    one.configure({ untracedSampled: true })
    const [a, b, flags] = one.withSpan('x', () => [one.correlationId(), two.correlationId(), two.withSpan('y', { parent: null }, () => two.currentTrace().traceFlags)])
    let known = false
    try { one.withSpan('') } catch (error) { known = error instanceof two.SpanlogError }
    console.log(JSON.stringify({ different: one !== two, same: a === b && a.length === 32, flags, known }))`)
  expect(result).toEqual({ different: true, same: true, flags: 3, known: true })
})

it('ESM and CommonJS are one copy', async () => {
  const result = await run(`
    import('spanlog').then((esm) => {
      const cjs = require('spanlog')
      console.log(JSON.stringify(Object.keys(cjs).filter((name) => esm[name] !== cjs[name]).concat(Object.keys(esm).length === Object.keys(cjs).length ? [] : ['count'])))
    })`)
  expect(result).toEqual([])
})
