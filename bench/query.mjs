import { spawnSync } from 'node:child_process'
import { from, selectorOf, sizes, sourceOf, to, traceId, url, windowOf } from './query-lines.mjs'

const grouped = (n) => n.toLocaleString('en')
const iso = (nanoseconds) => new Date(Number(BigInt(nanoseconds) / 1_000_000n)).toISOString()

/** A million lines take half a minute and need no warming up: they are asked for once a round. */
function measured(size, measure) {
  return () => {
    let figure
    return async () => (size < 1_000_000 ? measure() : (figure ??= await measure()))
  }
}

/** By the clock: the server's time is part of what a person waits for. */
function query(size, options) {
  return measured(size, async () => {
    const start = performance.now()
    const { complete, entries } = await sourceOf(size, options).forTrace(traceId, windowOf()).verdict()
    const ms = performance.now() - start
    if (!complete || entries !== size) throw new Error(`${entries} of ${size} lines, complete: ${complete}`)
    return (ms * 1000) / size
  })
}

/** Proves nothing, and cannot pass a nanosecond with more lines than a page. */
function logcli(size, filters) {
  const argsOf = (filter) => [
    'query',
    `${selectorOf(size)} ${filter}`,
    '--from',
    iso(from),
    '--to',
    iso(to),
    '--limit',
    String(size),
    '--batch',
    '5000',
    '--forward',
    '-o',
    'raw',
    '-q',
  ]
  return measured(size, () => {
    const start = performance.now()
    const env = { ...process.env, LOKI_ADDR: url }
    const answers = filters.map((filter) => spawnSync('logcli', argsOf(filter), { env, maxBuffer: 2 ** 31 }))
    const ms = performance.now() - start
    let lines = 0
    for (const { stdout } of answers) for (let at = stdout.indexOf(10); at !== -1; at = stdout.indexOf(10, at + 1)) lines++
    if (lines !== size) throw new Error(`logcli ended with ${answers.map(({ status }) => status)}, ${lines} of ${size} lines`)
    return (ms * 1000) / size
  })
}

// Only a real server can be asked with it: the double answers what this project asks.
const withLogcli = process.env['LOKI_URL'] !== undefined && spawnSync('logcli', ['--version']).status === 0
const pairs = sizes.map((size) => ({
  size,
  own: `spanlog, ${grouped(size)} lines, proven`,
  // What logcli is asked.
  ofText: `spanlog, ${grouped(size)} lines, proven for their text`,
  ofOne: `spanlog, ${grouped(size)} lines, proven for trace_id and their text`,
  rival: `logcli, ${grouped(size)} lines`,
  rivalOfOne: `logcli, ${grouped(size)} lines, then for trace_id`,
}))
const inText = `|= \`${traceId}\``
// No line of the benchmark has it, so that no line comes twice.
const inMetadata = `| trace_id="${traceId}"`

export default {
  scenario: 'query',
  unit: 'µs/line',
  batch: 1,
  warmUps: 1,
  batches: 3,
  contenders: Object.fromEntries(
    pairs.flatMap(({ size, own, ofText, ofOne, rival, rivalOfOne }) => [
      [own, query(size)],
      [ofOne, query(size, { metadataNames: ['trace_id'] })],
      [ofText, query(size, { metadataNames: [] })],
      ...(withLogcli
        ? [
            [rival, logcli(size, [inText])],
            [rivalOfOne, logcli(size, [inText, inMetadata])],
          ]
        : []),
    ]),
  ),
  ratios: [
    ...pairs.slice(2).map(({ own }) => ({ contender: own, against: pairs[1].own })),
    ...(withLogcli
      ? pairs.flatMap(({ own, ofText, ofOne, rival, rivalOfOne }) => [
          { contender: own, against: rival, atMost: 1 },
          { contender: ofText, against: rival, atMost: 1 },
          { contender: ofOne, against: rivalOfOne, atMost: 1 },
        ])
      : []),
  ],
}
