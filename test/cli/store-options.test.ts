import { expect, it, onTestFinished } from 'vitest'
import { startLokiDouble } from '../support/loki-double/server.js'
import { randomId } from '../support/otlp.js'
import { startVictoriaLogsDouble } from '../support/victorialogs-double/server.js'
import { victoriaStore } from '../support/victorialogs-store.js'
import { spanlog } from './spanlog.js'

const start = BigInt(Math.floor(Date.now() / 1000) - 60) * 1_000_000_000n

it('Loki is asked for the names of metadata that are given, and for the text alone where none are', async () => {
  const double = await startLokiDouble()
  onTestFinished(() => double.close())
  const traceId = randomId(16)
  double.push({ app: 'shop' }, [
    [start, 'one', { traceId }],
    [start + 1n, 'two', { trace_id: traceId }],
    [start + 2n, `trace_id=${traceId} three`],
  ])
  const found = async (names: string) => {
    const { stdout } = await spanlog(['logs', traceId, '--loki', double.url, '--from', '1h', '--metadata-names', names, '--json'])
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { line: string }).line.slice(-5)]))
  }
  expect(await found('traceId, TraceID')).toEqual(['one', 'three'])
  expect(await found('')).toEqual(['three'])
})

it('VictoriaLogs is asked for the lines that its selector finds, the ID anywhere in them', async () => {
  const double = await startVictoriaLogsDouble()
  onTestFinished(() => double.close())
  const traceId = randomId(16)
  const store = victoriaStore(double.url)
  await store.push([
    { timeUnixNano: start, line: `job_${traceId} began`, labels: { pod: 'a' } },
    { timeUnixNano: start + 1n, line: `job_${traceId} began`, labels: { pod: 'b' } },
  ])
  const args = ['logs', traceId, '--victorialogs', double.url, '--victorialogs-selector', '{pod="b"}', '--from', '1h', '--mentions']
  expect((await spanlog(args)).stdout).toBe('')
  expect((await spanlog([...args, '--victorialogs-text', 'anywhere'])).stdout.match(/began/g)).toHaveLength(1)
})
