/** What docs/stack.md states, in bytes, seconds and shares; the first four were measured with the shop, the rest is chosen. */
export const assumed = {
  line: 230,
  span: 783,
  linesStored: 0.24,
  spansStored: 0.2,
  linesOfTrace: 9,
  spansOfTrace: 7,
  peak: 3,
  kept: 0.1,
  days: 14,
  decisionWait: 5,
  windowMinutes: 20,
}
/** What the settings of the stack, the vendors' guides, or a measurement let one part take. */
const limit = { tracesOfGateway: 50_000, streamBytes: 3e6, distributorBytes: 10e6, liveStoreBytes: 6e6, spansOfCore: 30_000 }

const units = ['', ' k', ' M', ' G', ' T', ' P']
function round(value: number, space: '' | 'B'): string {
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  const digits = Number((value / 1000 ** step).toPrecision(2))
  return `${digits}${space === 'B' ? `${units[step] || ' '}B` : units[step]}`
}

/** The table of docs/stack.md, out of the assumptions. */
export function sizingTable(): string {
  const a = assumed
  const perDay = [1e9, 1e12, 100e12]
  const mean = perDay.map((bytes) => bytes / 86_400)
  const traces = mean.map((bytes) => bytes / a.line / a.linesOfTrace)
  const spanBytes = traces.map((count) => count * a.spansOfTrace * a.span)
  const peak = (values: number[]) => values.map((value) => value * a.peak)
  const whole = (values: number[]) => values.map((value) => Math.ceil(value).toLocaleString('en'))
  const bytes = (values: number[]) => values.map((value) => round(value, 'B'))
  const count = (values: number[]) => values.map((value) => round(value, ''))
  const kept = spanBytes.map((value) => value * a.kept)
  const rows: [string, string, string[]][] = [
    ['lines a second', 'bytes ÷ 86,400 s ÷ 230', count(mean.map((value) => value / a.line))],
    ['lines at peak, a second', 'bytes ÷ 86,400 s × 3', bytes(peak(mean))],
    ['traces a second', 'lines ÷ 9', count(traces)],
    ['spans a second', 'traces × 7', count(traces.map((value) => value * a.spansOfTrace))],
    ['spans at peak, a second', 'spans × 783 × 3', bytes(peak(spanBytes))],
    ['lines kept for 14 days', 'bytes × 0.24 × 14', bytes(perDay.map((value) => value * a.linesStored * a.days))],
    [
      'spans kept for 14 days',
      'spans × 783 × 86,400 s × 0.1 × 0.2 × 14',
      bytes(kept.map((value) => value * 86_400 * a.spansStored * a.days)),
    ],
    [
      'gateway Collectors',
      'traces at peak × 5 s ÷ `num_traces` of 50,000',
      whole(peak(traces).map((value) => (value * a.decisionWait) / limit.tracesOfGateway)),
    ],
    [
      'cores of theirs',
      'spans at peak ÷ 30,000 a second',
      whole(peak(traces).map((value) => (value * a.spansOfTrace) / limit.spansOfCore)),
    ],
    ['`ingestion_rate_mb`, over all tenants', 'lines at peak ÷ 1 MB', whole(peak(mean).map((value) => value / 1e6))],
    [
      'streams at the least',
      'lines at peak ÷ `per_stream_rate_limit` of 3 MB',
      whole(peak(mean).map((value) => value / limit.streamBytes)),
    ],
    ["Tempo's distributors", 'kept spans at peak ÷ 10 MB', whole(peak(kept).map((value) => value / limit.distributorBytes))],
    ["Tempo's live-stores", 'kept spans at peak ÷ 6 MB', whole(peak(kept).map((value) => value / limit.liveStoreBytes))],
    [
      'read for the lines of one trace',
      'bytes ÷ 72, a window of 20 minutes',
      bytes(perDay.map((value) => (value * a.windowMinutes) / 1440)),
    ],
  ]
  const lines = rows.map(([what, how, values]) => `| ${what} | ${how} | ${values.join(' | ')} |`)
  return ['| lines a day | | 1 GB | 1 TB | 100 TB |', '| --- | --- | --- | --- | --- |', ...lines].join('\n')
}

/** What one request of the shop costs: bytes sent and bytes stored. */
export function costOfTrace(): { lines: number; spans: number; linesStored: number; spansStored: number; tracesOfGigabyte: number } {
  const lines = assumed.line * assumed.linesOfTrace
  const spans = assumed.span * assumed.spansOfTrace
  return { lines, spans, linesStored: lines * assumed.linesStored, spansStored: spans * assumed.spansStored, tracesOfGigabyte: 1e9 / lines }
}
