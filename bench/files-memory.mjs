import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileLogs } from 'spanlog/logs'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const other = '4bf92f3577b34da6a3ce929d0e0e4736'
const sizes = [1000, 12_000, 100_000, 1_000_000]
// The process that compares makes the files and removes them; the contenders are its children.
const folder = process.env['SPANLOG_BENCH_FILES_MEMORY'] ?? makeFolder()

function makeFolder() {
  const made = mkdtempSync(path.join(tmpdir(), 'spanlog-bench-'))
  process.env['SPANLOG_BENCH_FILES_MEMORY'] = made
  process.on('exit', () => rmSync(made, { recursive: true }))
  for (const size of sizes) writeLines(path.join(made, `${size}.ndjson`), size)
  return made
}

/** Lines of one trace, each behind one of another, the newest first: all must be seen before the first can be given. */
function writeLines(at, count) {
  const out = openSync(at, 'w')
  for (let n = 0; n < count; ) {
    let text = ''
    for (let i = 0; i < 1000; i++, n++) {
      for (const id of [other, traceId]) {
        text += `{"level":30,"time":${1_795_230_000_000 - n},"service":"orders","trace_id":"${id}","span_id":"eee19b7ec3c1b174","orderId":${n},"path":"/orders/${n % 100}","msg":"request completed"}\n`
      }
    }
    writeSync(out, text)
  }
  closeSync(out)
}

/** The peak of a process that reads the whole trace in time order and keeps nothing of it. */
function peak(size) {
  return () => async () => {
    const query = fileLogs({ paths: path.join(folder, `${size}.ndjson`) }).forTrace(traceId)
    let lines = 0
    let last = 0n
    for await (const { timeUnixNano } of query) {
      if (timeUnixNano <= last) throw new Error(`line ${lines} is out of order`)
      last = timeUnixNano
      lines++
    }
    if (lines !== size || !(await query.verdict()).complete) throw new Error(`${lines} of ${size} lines`)
    return process.resourceUsage().maxRSS / 1024
  }
}

const names = sizes.map((size) => `spanlog, ${size.toLocaleString('en')} lines`)

export default {
  scenario: 'files-memory',
  unit: 'MB',
  batch: 1,
  warmUps: 0,
  batches: 1,
  contenders: Object.fromEntries(sizes.map((size, i) => [names[i], peak(size)])),
  // From where the memory of a query is used up it is not to grow.
  ratios: [
    { contender: names[3], against: names[2], atMost: 1.2 },
    { contender: names[3], against: names[1] },
  ],
}
