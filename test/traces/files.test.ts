import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { type FileTracesOptions, fileTraces, type TraceResult } from 'spanlog/traces'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { otlp, otlpSpan, randomId, span } from '../support/otlp.js'

describe('fileTraces', () => {
  const traceId = randomId(16)
  const mine = span(traceId)
  const line = JSON.stringify(otlp(mine))
  const whole = { trace: { traceId, spans: [mine] }, complete: true, reasons: [] }
  let dir: string
  const at = (...parts: string[]): string => path.join(dir, ...parts)
  const ask = (...paths: string[]): Promise<TraceResult> => fileTraces({ paths }).trace(traceId)

  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'spanlog-files-'))
  })
  afterEach(() => rm(dir, { recursive: true }))

  it.each<[string, string | Buffer]>([
    ['line breaks of Windows', `${line}\r\n`],
    ['no line break at the end', line],
    ['empty lines', `\n\n${line}\n\n`],
    ['logs beside the spans', `{"level":30,"trace_id":"${traceId}","msg":"hi"}\ntext of ${traceId}\n${line}\n{"traceId":"${traceId}"}\n`],
    ['OTLP logs beside the spans', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"${traceId}"}]}]}]}\n${line}`],
    ['IDs in upper case', line.replaceAll(traceId, traceId.toUpperCase())],
    ['two gzip members', Buffer.concat([gzipSync('{}\n'), gzipSync(line)])],
    ['a document as Tempo hands it out', JSON.stringify({ trace: otlp(mine) }, undefined, 2)],
    ['a document with a span on each line', line.replace('"spans":[', '"spans":[\n').replace('}]}]}', '}\n]}]}')],
  ])('reads a file with %s', async (_, content) => {
    await writeFile(at('traces.json'), content)
    expect(await ask(at('traces.json'))).toEqual(whole)
  })

  it('reads times that are not quoted to the nanosecond', async () => {
    const unquoted = line.replaceAll(/(UnixNano":)"(\d+)"/g, '$1 $2')
    expect(unquoted).toContain(`"startTimeUnixNano": ${mine.startUnixNano}`)
    await writeFile(at('traces.json'), unquoted)
    expect(await ask(dir)).toEqual(whole)
  })

  it('does not mistake a text for a number that is not quoted', async () => {
    const tricky = span(traceId, { name: 'was "startTimeUnixNano":1795230024010000001,' })
    await writeFile(at('traces.json'), JSON.stringify(otlp(tricky)))
    expect((await ask(dir)).trace?.spans).toEqual([tricky])
  })

  it('finds files below folders, follows links to files, and reads none twice', async () => {
    await mkdir(at('a', 'b'), { recursive: true })
    const others = [span(traceId), span(traceId)]
    await writeFile(at('a', 'b', 'traces.json.1'), line)
    await writeFile(at('a', 'traces.json.2.gz'), gzipSync(JSON.stringify(otlp(others[0]!))))
    await writeFile(at('outside.json'), JSON.stringify(otlp(others[1]!)))
    await symlink(at('outside.json'), at('a', 'linked.json'))
    const { trace, complete } = await ask(at('a'), at('a', 'b', 'traces.json.1'))
    expect(complete).toBe(true)
    expect(trace?.spans.map(({ spanId }) => spanId).toSorted()).toEqual([mine, ...others].map(({ spanId }) => spanId).toSorted())
  })

  it('keeps both sides of a call that share one span ID, as in Zipkin, but a span once that two versions exist of', async () => {
    const server = span(traceId, { spanId: mine.spanId, startUnixNano: mine.startUnixNano, kind: 'client' })
    const unfinished = { ...mine, endUnixNano: mine.startUnixNano + 1n }
    await writeFile(at('traces.json'), [mine, unfinished, server, mine].map((one) => JSON.stringify(otlp(one))).join('\n'))
    expect((await ask(dir)).trace?.spans).toEqual([server, mine])
  })

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['a file that does not exist', async () => {}, 'FILE_UNREADABLE', /missing could not be read: ENOENT/],
    [
      'a line that was cut off',
      () => writeFile(at('x.json'), `${line}\n${line.slice(0, -9)}`),
      'FILE_MALFORMED',
      /has a line that names the trace and is broken/,
    ],
    [
      'two lines that were cut off',
      () => writeFile(at('x.json'), `${line.slice(0, -9)}\n${line.slice(0, -5)}\n${line}`),
      'FILE_MALFORMED',
      /has 2 lines that name the trace and are broken/,
    ],
    [
      'gzip that was cut off',
      () => writeFile(at('x.json'), gzipSync(`${line}\n${randomId(99_999)}`).subarray(0, 50_000)),
      'FILE_MALFORMED',
      /began as gzip/,
    ],
    ['zstd that was cut off', () => writeFile(at('x.json'), Buffer.from('28b52ffd24', 'hex')), 'FILE_MALFORMED', /began as zstd/],
    [
      'a span that cannot be read',
      () => writeFile(at('x.json'), JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...otlpSpan(mine), kind: 'x' }] }] }] })),
      'SPAN_MALFORMED',
      /1 span left out.*`kind`/,
    ],
  ])('is incomplete, says why, and still reads the rest, at %s', async (_, make, code, message) => {
    await make()
    await writeFile(at('good.json'), line)
    const { trace, complete, reasons } =
      code === 'FILE_UNREADABLE' && _.includes('exist') ? await ask(at('missing'), at('good.json')) : await ask(dir)
    expect({ trace, complete }).toEqual({ trace: whole.trace, complete: false })
    expect(reasons).toEqual([{ code, message: expect.stringMatching(message) as string }])
  })

  it('can be cancelled between two files', async () => {
    const cancel = new AbortController()
    await writeFile(at('a.json'), line)
    await writeFile(at('b.json'), line)
    const answer = fileTraces({ paths: dir }).trace(traceId, { signal: cancel.signal })
    cancel.abort()
    const { complete, reasons } = await answer
    expect({ complete, codes: reasons.map(({ code }) => code) }).toEqual({ complete: false, codes: ['ABORTED'] })
  })

  it('is not sure of a folder in which there is nothing to read', async () => {
    await writeFile(at('picture.png'), line)
    expect(await ask(dir)).toEqual({
      complete: false,
      reasons: [{ code: 'FILE_UNREADABLE', message: expect.stringContaining(dir) as string }],
    })
  })

  it('skips a line that is longer than it may be, and says so only if that names the trace', async () => {
    const other = JSON.stringify(otlp(...Array.from({ length: 20 }, () => span(randomId(16)))))
    await writeFile(at('traces.json'), `${other}\n${line}`)
    const source = fileTraces({ paths: dir, maxLineBytes: line.length })
    expect(await source.trace(traceId)).toEqual(whole)
    await writeFile(at('long.json'), JSON.stringify(otlp(mine, ...Array.from({ length: 20 }, () => span(randomId(16))))))
    const { trace, complete, reasons } = await source.trace(traceId)
    expect({ trace, complete }).toEqual({ trace: whole.trace, complete: false })
    expect(reasons).toEqual([{ code: 'FILE_MALFORMED', message: expect.stringContaining('maxLineBytes') as string }])
  })

  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no paths', {}],
    ['an empty list', { paths: [] }],
    ['an empty path', { paths: [''] }],
    ['a number', { paths: 7 }],
    ['a line length of 0', { paths: 'a', maxLineBytes: 0 }],
    ['an option that does not exist', { paths: 'a', path: 'b' }],
  ])('refuses %s', (_, options) => {
    expect(() => fileTraces(options as FileTracesOptions)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
