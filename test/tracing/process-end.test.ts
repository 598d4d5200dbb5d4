import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTraces, spansOf } from './otlp.js'
import { runProgram } from './run-program.js'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spanlog-'))
  file = path.join(folder, 'spans.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const names = () => spansOf(readTraces(file)).map((span) => span.name)
const toFile = () => ({ exporters: [{ type: 'file', path: file }] })
const three = ['work 0', 'work 1', 'work 2']

describe('no span is lost', () => {
  it.each([
    ['at a natural end', 'natural end', undefined, { code: 0, signal: null }],
    ['at SIGTERM, which still ends the process as itself', 'signal', 'SIGTERM', { code: null, signal: 'SIGTERM' }],
    ['at SIGINT, which still ends the process as itself', 'signal', 'SIGINT', { code: null, signal: 'SIGINT' }],
    ['at process.exit() after shutdown', 'exit after shutdown', undefined, { code: 3, signal: null }],
    ['at process.exit() after forceFlush', 'flush while running', undefined, { code: 0, signal: null }],
  ] as const)('%s', async (_, scenario, signal, ending) => {
    const ended = await runProgram(scenario, { options: toFile(), ...(signal && { signal }) })
    expect(ended).toMatchObject({ ...ending, stderr: '' })
    expect(names()).toEqual(three)
  })

  it('of work that begins at the natural end', async () => {
    expect(await runProgram('work goes on at the natural end', { options: toFile() })).toMatchObject({ code: 0, stderr: '' })
    expect(names()).toEqual([...three, 'work 0', 'work 1'])
  })

  it('beside signal-exit, which waits to be alone: both clean up, and the signal ends the process', async () => {
    const ended = await runProgram('signal beside signal-exit', { options: toFile(), signal: 'SIGTERM' })
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '"ready"\n"cleaned up at SIGTERM"\n' })
    expect(names()).toEqual(three)
  })

  it('where the host listens to SIGTERM, and the host decides when and how the process ends', async () => {
    const ended = await runProgram('host listens', { options: toFile(), signal: 'SIGTERM' })
    expect(ended).toMatchObject({ code: 7, signal: null, stdout: '"ready"\n"drained"\n' })
    expect(names()).toEqual([...three, 'work 0'])
  })

  it('of a batch that is under way when the signal comes', async () => {
    const ended = await runProgram('export is under way at a signal')
    expect(ended).toMatchObject({ signal: 'SIGTERM', stdout: '["work 0"]\n' })
  })
})

describe('an exporter that fails leaves the host and the other exporters alone', () => {
  it.each([
    ['by throwing', 'exporter throws', undefined, 'exporter broke', { code: 0, signal: null }],
    ['by a promise that rejects', 'exporter rejects', undefined, 'exporter broke', { code: 0, signal: null }],
    ['also in its flush and shutdown', 'exporter fails its shutdown', 'SIGTERM', 'no shutdown', { code: null, signal: 'SIGTERM' }],
    ['by never finishing, at a natural end', 'exporter hangs', undefined, 'did not finish in time', { code: 0, signal: null }],
    [
      'by never finishing, at SIGTERM',
      'exporter hangs at a signal',
      'SIGTERM',
      'did not finish in time',
      { code: null, signal: 'SIGTERM' },
    ],
  ] as const)('%s', async (_, scenario, signal, warning, ending) => {
    const ended = await runProgram(scenario, { options: toFile(), ...(signal && { signal }) })
    expect(ended).toMatchObject({ ...ending, stderr: expect.stringContaining(warning) as string })
    expect(names()).toEqual(three)
  })

  it.skipIf(process.platform !== 'linux')('where the disk is full, with one warning', async () => {
    const ended = await runProgram('natural end', { options: { exporters: [{ type: 'file', path: '/dev/full' }] } })
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: expect.stringContaining('ENOSPC') as string })
    expect(ended.stderr.match(/SpanlogWarning/g)).toHaveLength(1)
  })
})
