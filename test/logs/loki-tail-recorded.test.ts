import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { readTail } from '../../src/logs/loki/answers.js'
import recording from '../recorded/loki-tail.json' with { type: 'json' }
import { loki } from '../support/loki-session.js'

interface Stream {
  stream: Record<string, string>
  values: [string, string, Record<string, string>?][]
}
interface Exchange {
  name: string
  request: { path: string; query: Record<string, string>; headers: Record<string, string> }
  pushed: Stream[][]
  frames?: unknown[]
  response?: { status: number; text: string }
}
const history = recording.history as unknown as Stream[]
const exchanges = recording.exchanges as unknown as Exchange[]

/** What a client reads in a frame. The level that this Loki adds to each line, no answer of the double has. */
function essence(frame: unknown): unknown {
  return readTail(JSON.parse(JSON.stringify(frame), (key, value: unknown) => (key === 'detected_level' ? undefined : value)))
}

/** Of all streams together, as the client sees lines of it. */
function entries(frames: readonly unknown[]): unknown[] {
  return frames.flatMap((frame) => readTail(frame).lines.map(({ timeUnixNano, line }) => [timeUnixNano, line]))
}

/** The frames that the double sends for the same question and the same pushes, each push sent when the frame before it is there. */
async function replay({ request, pushed }: Exchange): Promise<{ frames: unknown[]; refusal?: { status: number; text: string } }> {
  const double = await loki({ now: () => Number(BigInt(request.query['start'] ?? 0) / 1_000_000n) + 60_000 })
  const push = async (streams: readonly Stream[]): Promise<void> => {
    const response = await fetch(`${double.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-scope-orgid': 'a' },
      body: JSON.stringify({ streams }),
    })
    expect(response.status).toBe(204)
  }
  await push(history)
  // What the recording asks after its first tail it asks of all that was pushed until then.
  if (pushed.length === 0) for (const streams of exchanges.flatMap((exchange) => exchange.pushed)) await push(streams)
  const url = `${double.url.replace('http', 'ws')}${request.path}?${new URLSearchParams(request.query).toString()}`
  const socket = new WebSocket(url, { headers: { ...request.headers, 'x-scope-orgid': 'a' } })
  const frames: unknown[] = []
  const waiting = [...pushed]
  return new Promise((resolve, reject) => {
    socket.on('message', (data: Buffer) => {
      frames.push(JSON.parse(data.toString('utf8')))
      const held = entries(frames).length
      const next = waiting[0]
      if (next === undefined && held >= entries(exchangeOf(request).frames ?? []).length) {
        socket.terminate()
        resolve({ frames })
      } else if (next !== undefined) {
        waiting.shift()
        push(next).catch(reject)
      }
    })
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ frames, refusal: { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') } }),
      )
    })
    socket.on('error', () => undefined)
  })
}

function exchangeOf(request: Exchange['request']): Exchange {
  return exchanges.find((exchange) => exchange.request === request) as Exchange
}

describe(`the double's tail, beside that of ${recording.server}, recorded on ${recording.recorded}`, () => {
  it.for(exchanges)('$name', async (exchange) => {
    const { frames, refusal } = await replay(exchange)
    if (exchange.response !== undefined) {
      expect(refusal).toMatchObject({ status: exchange.response.status })
      expect([refusal?.text, exchange.response.text]).toEqual(Array(2).fill(expect.stringContaining('parse error at line 1, col 6')))
      return
    }
    const linesOf = (all: readonly unknown[]) => all.map(essence).flatMap((frame) => (frame as { lines: unknown[] }).lines)
    expect(linesOf(frames)).toEqual(linesOf(exchange.frames ?? []))
  })
})

it('the recorded frames are read as what was pushed', () => {
  const [first] = exchanges
  const pushed = [history, ...(first?.pushed ?? [])].flat().flatMap(({ values }) => values.map(([time, line]) => [BigInt(time), line]))
  expect(entries(first?.frames ?? [])).toEqual(pushed.filter(([, line]) => line !== 'of nobody'))
})
