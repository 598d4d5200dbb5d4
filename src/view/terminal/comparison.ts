import type { ChangeKind, TraceChange, TraceComparison } from '../../analysis/index.js'
import { count } from '../count.js'
import { msChange, msText, shareText } from './figures.js'
import { type DrawOptions, MIN_WIDTH, painter } from './style.js'
import { escapeText, truncate, wrap } from './text.js'

const marks: Record<ChangeKind, string> = {
  added: '+',
  removed: '-',
  slower: '▲',
  faster: '▼',
  'more-calls': '▲',
  'fewer-calls': '▼',
  failing: '✗',
  recovered: '✓',
  retried: '↻',
  'cache-missed': '▲',
  'cache-hit': '▼',
}
const worse: ReadonlySet<ChangeKind> = new Set(['slower', 'more-calls', 'failing', 'retried', 'cache-missed'])
const maxChanges = 40

export interface ComparedSide {
  name: string
  /** `12 traces`, `1.20s, 19 spans`. */
  size: string
}

/**
 * Draws what is different, what changed the time most by itself first.
 *
 * ```
 * ▲ payments "charge": slower, 12.0ms → 310ms                       +298ms
 *   gateway POST /orders › payments charge    12 of 12 and 9 of 9 traces
 * ```
 *
 * @param sides - how the two are called, and how much there is of each
 */
export function* drawComparison(
  { traces, changes }: TraceComparison,
  sides: readonly [before: ComparedSide, after: ComparedSide],
  options: DrawOptions = {},
): Generator<string> {
  const width = Math.max(MIN_WIDTH, options.width ?? 80)
  const paint = painter(options.color)
  const title = sides.map(({ name, size }) => `${truncate(escapeText(name), 40)} (${size})`).join(' → ')
  for (const row of rowsOf(title)) yield paint('bold', row)
  if (changes.length === 0) yield 'No difference beyond chance and the thresholds.'
  const sampled = traces.before > 1 || traces.after > 1
  for (const change of changes.slice(0, maxChanges)) {
    yield ''
    const style = worse.has(change.kind) ? 'red' : change.kind === 'added' || change.kind === 'removed' ? 'yellow' : 'green'
    const [first = '', ...more] = rowsOf(`${marks[change.kind]} ${escapeText(sentenceOf(change))}`)
    yield paint([style, 'bold'], first)
    yield* more.map((row) => paint(style, `  ${row}`))
    yield* rowsOf(escapeText(placeOf(change, sampled)), 2).map((row) => paint('dim', `  ${row}`))
  }
  if (changes.length > maxChanges) yield* ['', paint('dim', `… ${changes.length - maxChanges} more: --json has all`)]

  function rowsOf(text: string, indent = 0): string[] {
    return wrap(text, width - indent, width - Math.max(2, indent), 6).rows.map(([start, end]) => text.slice(start, end))
  }
}

function sentenceOf(change: TraceChange): string {
  const { kind, service, name, selfDeltaMs, places = 1 } = change
  const whose = places > 1 ? 'the time of all of them' : 'its own time'
  const own = kind in timeless || Math.abs(selfDeltaMs) < 0.001 ? '' : `; ${whose} ${msChange(selfDeltaMs)} a trace`
  return `${service} "${name}": ${words[kind](change)}${own}`
}

/** Changes that have no time of their own. */
const timeless: Partial<Record<ChangeKind, true>> = { failing: true, recovered: true, retried: true }

const times = ({ before, after }: TraceChange) => `${msText(before.medianMs ?? 0)} → ${msText(after.medianMs ?? 0)}`
const callShift = ({ before, after }: TraceChange) => `calls a trace, ${before.callsPerTrace} → ${after.callsPerTrace}`
const below = ({ places = 1 }: TraceChange) => (places > 1 ? ` with ${count(places - 1, 'place')} below it` : '')
const hitShares = ({ before, after }: TraceChange) => `cache hits, ${hits(before)} → ${hits(after)}`
const shares = ({ before, after }: TraceChange, part: 'failed' | 'retries') =>
  `${shareText(before[part] / Math.max(1, before.calls))} → ${shareText(after[part] / Math.max(1, after.calls))} of the calls`

const words: Readonly<Record<ChangeKind, (change: TraceChange) => string>> = {
  added: (change) => `added${below(change)}`,
  removed: (change) => `removed${below(change)}`,
  slower: (change) => `slower, ${times(change)}`,
  faster: (change) => `faster, ${times(change)}`,
  'more-calls': (change) => `more ${callShift(change)}`,
  'fewer-calls': (change) => `fewer ${callShift(change)}`,
  failing: (change) => `failing, ${shares(change, 'failed')} failed`,
  recovered: (change) => `recovered, ${shares(change, 'failed')} failed`,
  retried: (change) => `retried, ${shares(change, 'retries')}`,
  'cache-missed': (change) => `fewer ${hitShares(change)}`,
  'cache-hit': (change) => `more ${hitShares(change)}`,
}

function hits({ cacheHits, cacheMisses }: TraceChange['before']): string {
  return shareText(cacheHits / Math.max(1, cacheHits + cacheMisses))
}

function placeOf({ path, before, after }: TraceChange, sampled: boolean): string {
  const calls = `${count(before.calls, 'call')} → ${count(after.calls, 'call')}`
  const sample = after.sample ?? before.sample
  return [path.join(' › '), ...(sampled ? [calls, ...(sample === undefined ? [] : [`see ${sample}`])] : [])].join('; ')
}
