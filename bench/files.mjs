import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileLogs } from 'spanlog/logs'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const command = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url))
// The process that compares makes the file and removes it; the contenders are its children.
const folder = process.env['SPANLOG_BENCH_FILES'] ?? makeFolder()
const file = path.join(folder, 'shop.ndjson')

function makeFolder() {
  const made = mkdtempSync(path.join(tmpdir(), 'spanlog-bench-'))
  process.env['SPANLOG_BENCH_FILES'] = made
  process.on('exit', () => rmSync(made, { recursive: true }))
  writeLines(path.join(made, 'shop.ndjson'), 1e9)
  return made
}

/** Lines of a service, ten of them of the trace. */
function writeLines(at, bytes) {
  const ids = Array.from({ length: 4000 }, () => randomBytes(16).toString('hex'))
  const out = openSync(at, 'w')
  for (let size = 0, n = 0; size < bytes; ) {
    let text = ''
    for (let i = 0; i < ids.length; i++, n++) {
      const own = n % 380_000 === 190_000
      text += `{"level":30,"time":${1_795_230_000_000 + n},"pid":4242,"hostname":"shop-1","service":"orders","trace_id":"${own ? traceId : ids[i]}","span_id":"${ids[(n * 31) % ids.length].slice(16)}","trace_flags":"01","orderId":${4711 + n},"path":"/orders/${n % 100}","durationMs":${(n % 1000) / 10},"msg":"request completed"}\n`
    }
    size += writeSync(out, text)
  }
  closeSync(out)
}

/** Milliseconds a gigabyte by the clock: a program of several threads is to be as fast as it is for who waits. */
function program(name, args) {
  return () => {
    const size = statSync(file).size / 1e9
    return () => {
      // Not into the null device, where grep stops at its first match.
      const out = openSync(path.join(folder, `${path.basename(name)}.out`), 'w')
      const start = performance.now()
      const { status } = spawnSync(name, args, { stdio: ['ignore', out, 'ignore'] })
      const ms = performance.now() - start
      closeSync(out)
      if (status !== 0) throw new Error(`${name} ended with ${status}`)
      return ms / size
    }
  }
}

function query() {
  const size = statSync(file).size / 1e9
  return async () => {
    const start = performance.now()
    const verdict = await fileLogs({ paths: file }).forTrace(traceId).verdict()
    if (!verdict.complete || verdict.entries === 0) throw new Error('the query found nothing, or not all')
    return (performance.now() - start) / size
  }
}

const onPath = (name) => spawnSync(name, ['--version']).status === 0
const rivals = ['grep', 'rg'].filter(onPath)
const aims = { grep: 1 / 1.2, rg: 2 }

export default {
  scenario: 'files',
  unit: 'ms/GB',
  batch: 1,
  contenders: {
    ...Object.fromEntries(rivals.map((name) => [name, program(name, ['-F', traceId, file])])),
    'spanlog, fileLogs': query,
    'spanlog, the command': program(process.execPath, [command, 'logs', traceId, '--file', file]),
  },
  ratios: [
    ...rivals.map((against) => ({ contender: 'spanlog, fileLogs', against, atMost: aims[against] })),
    ...rivals.map((against) => ({ contender: 'spanlog, the command', against })),
  ],
}
