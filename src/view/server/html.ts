import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { TraceJson } from '../../traces/index.js'
import { DATA_ELEMENT, type PageData, type ReportData } from '../document.js'
import { escapeText } from '../terminal/text.js'

/** What the page may do: run its own script and style, known by their hashes, and ask the server that gave it. Nothing else at all. */
export interface Policy {
  /** As a header, and in the page itself, where a saved file has no header. */
  text: string
  /** What only a header can say. */
  header: string
}

interface Assets {
  script: string
  style: string
  policy: Policy
}

let loaded: Assets | undefined

function assets(): Assets {
  if (loaded !== undefined) return loaded
  // Within the element nothing may look like its end. In a string literal of JavaScript `<\/` is `</`; in the style there is none.
  const script = readAsset('page.js').replaceAll('</', String.raw`<\/`)
  const style = readAsset('style.css')
  const text = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  loaded = { script, style, policy: { text, header: `${text}; frame-ancestors 'none'` } }
  return loaded
}

function readAsset(name: string): string {
  return readFileSync(path.join(__dirname, '../page', name), 'utf8')
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

export function contentPolicy(): Policy {
  return assets().policy
}

/**
 * The page with its data, in pieces: whole it may be longer than a string can be. It needs no other file. The data is JSON, packed and in
 * base64, in an element that no browser runs: whatever a log line says, no character of it stands in the markup. Packed it is also a
 * tenth as long, and browsers read it faster than they would read the text.
 */
export async function* pageHtml(data: PageData): AsyncGenerator<string> {
  const { script, style, policy } = assets()
  const title = data.documents.length === 0 ? 'spanlog' : `${titleOf(data)} · spanlog`
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.text}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page needs JavaScript; it runs nothing but what stands in it.</noscript>
<div id="app"></div>
<script type="application/gzip" id="${DATA_ELEMENT}">`
  yield* base64(Readable.from(inChunks(dataJson(data))).pipe(createGzip()))
  yield `</script>\n<script>${script}</script>\n</body>\n</html>\n`
}

function* dataJson({ served, documents, limits = {} }: PageData): Generator<string> {
  yield `{"served":${String(served)},"limits":${JSON.stringify(limits)},"documents":[`
  for (const [i, document] of documents.entries()) {
    if (i > 0) yield ','
    yield* documentJson(document)
  }
  yield ']}'
}

/** Each piece but the last has a multiple of three bytes: padding may stand at the end alone. */
async function* base64(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held: Buffer = Buffer.alloc(0)
  for await (const piece of stream) {
    const bytes = Buffer.concat([held, piece])
    const whole = bytes.length - (bytes.length % 3)
    yield bytes.toString('base64', 0, whole)
    held = bytes.subarray(whole)
  }
  yield held.toString('base64')
}

function titleOf({ documents }: PageData): string {
  return documents.map(({ trace, traceId }) => trace?.spans[0]?.name ?? traceId).join(' / ')
}

/** A document as JSON, one line after another. */
export function* documentJson({ traceId, trace, entries, verdict }: PageData['documents'][number]): Generator<string> {
  yield `{"traceId":${JSON.stringify(traceId)},"trace":`
  if (trace === null) yield 'null'
  else yield* traceJson(trace)
  yield ',"entries":['
  yield* items(entries.map(withoutCopy))
  yield `],"verdict":${JSON.stringify(verdict)}}`
}

/** What a report rests on as JSON, in pieces. */
export function* reportJson({ traces, before, entries, ...rest }: ReportData): Generator<string> {
  yield '{"traces":['
  yield* tracesJson(traces)
  if (before !== undefined) {
    yield '],"before":['
    yield* tracesJson(before)
  }
  if (entries !== undefined) {
    yield '],"entries":['
    yield* items(entries.map(withoutCopy))
  }
  yield `],${JSON.stringify(rest).slice(1)}`
}

function* tracesJson(traces: readonly TraceJson[]): Generator<string> {
  for (const [i, trace] of traces.entries()) {
    if (i > 0) yield ','
    yield* traceJson(trace)
  }
}

function* traceJson({ traceId, spans }: TraceJson): Generator<string> {
  yield `{"traceId":${JSON.stringify(traceId)},"spans":[`
  yield* items(spans)
  yield ']}'
}

type Entry = PageData['documents'][number]['entries'][number]

/** Most lines are JSON, and their fields just what they say: sent once, such a trace is half as long. */
function withoutCopy(entry: Entry): Entry {
  const { fields, ...rest } = entry
  return JSON.stringify(fields) === entry.line ? rest : entry
}

function* items(list: readonly unknown[]): Generator<string> {
  let separator = ''
  for (const item of list) {
    yield separator + JSON.stringify(item)
    separator = ',\n'
  }
}

const chunkLength = 64 * 1024

/** A line of JSON each would be a write each. */
export function* inChunks(pieces: Iterable<string>): Generator<string> {
  let held = ''
  for (const piece of pieces) {
    held += piece
    if (held.length < chunkLength) continue
    yield held
    held = ''
  }
  if (held !== '') yield held
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return escapeText(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
}
