import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hang, tooMany } from '../support/faults.js'
import { type LokiDouble, startLokiDouble } from '../support/loki-double/server.js'
import { otlp, randomId, span } from '../support/otlp.js'
import { startTempoDouble, type TempoDouble } from '../support/tempo-double/server.js'
import { Folder, spanlog } from './spanlog.js'

const traceId = randomId(16)
const spanId = randomId(8)
const start = 1_795_233_600_000
const folder = new Folder()
const line = (ms: number, name: string, level: number, msg: string, more: object = {}): object => ({
  level,
  time: start + ms,
  name,
  trace_id: traceId,
  span_id: spanId,
  ...more,
  msg,
})
const file = folder.write('shop.log', [
  line(0, 'gateway', 30, 'request received'),
  line(10, 'orders', 20, 'looking up the order'),
  line(20, 'orders', 30, 'order found', { orderId: 7 }),
  line(30, 'payments', 40, 'bank is slow', { attempt: 1 }),
  line(40, 'payments', 50, 'charge refused', { reason: 'no "money"' }),
  line(50, 'orders', 30, 'stock released'),
  line(60, 'gateway', 50, 'order failed'),
  line(70, 'gateway', 30, 'request completed'),
])

let loki: LokiDouble
let tempo: TempoDouble
beforeAll(async () => {
  loki = await startLokiDouble()
  tempo = await startTempoDouble()
})
afterAll(async () => {
  folder.remove()
  await loki.close()
  await tempo.close()
})

/** The messages of lines that are drawn, and `--` between lines that are apart. */
function messagesOf(stdout: string): string[] {
  return stdout.split('\n').flatMap((row) => (row === '--' ? row : (/^\S+ \S+ +\S+ +(.+?)(?: {2}|$)/.exec(row)?.[1] ?? [])))
}

describe('filters', () => {
  it.each<[string, string[], string[]]>([
    ['a level', ['--level', 'warn'], ['bank is slow', 'charge refused', 'order failed']],
    ["a level in another's words", ['--level', 'ERROR'], ['charge refused', 'order failed']],
    ['a service', ['--service', 'payments'], ['bank is slow', 'charge refused']],
    ['a text', ['--grep', 'order f'], ['order found', 'order failed']],
    ['a text of a field', ['--grep', '"orderId":7'], ['order found']],
    ['a pattern', ['--grep', '/REFUSED|released/i'], ['charge refused', 'stock released']],
    ['a pattern that would go on from where it matched', ['--grep', '/order f/gy'], ['order found', 'order failed']],
    ['all of them at once', ['--level', 'warn', '--service', 'payments', '--grep', 'slow'], ['bank is slow']],
  ])('%s leave out what does not fit, and the verdict is that of the whole trace', async (_name, flags, messages) => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, file, ...flags])
    expect(messagesOf(stdout)).toEqual(messages)
    expect(stderr).toBe(`8 lines (${8 - messages.length} filtered out), complete (1 file read to its end)\n`)
    expect(code).toBe(messages.length === 0 ? 1 : 0)
  })

  it.each<[string, string[], string[]]>([
    ['before and after', ['-C', '1', '--grep', 'slow'], ['order found', 'bank is slow', 'charge refused']],
    [
      'apart',
      ['--context', '1', '--level', 'error'],
      ['bank is slow', 'charge refused', 'stock released', 'order failed', 'request completed'],
    ],
    ['none', ['-C', '0', '--level', 'error'], ['charge refused', '--', 'order failed']],
    [
      'at the edges',
      ['-C', '1', '--grep', '/request/'],
      ['request received', 'looking up the order', '--', 'order failed', 'request completed'],
    ],
    ['more than there are', ['-C', '50', '--grep', 'slow'], ['request received', '…']],
  ])('with --context show the lines around: %s', async (_name, flags, messages) => {
    const { stdout, stderr } = await spanlog(['logs', traceId, file, ...flags])
    const shown = messagesOf(stdout)
    if (messages.at(-1) === '…') expect(shown).toHaveLength(8)
    else expect(shown).toEqual(messages)
    const lines = shown.filter((row) => row !== '--').length
    expect(stderr).toContain(lines === 8 ? '8 lines, complete' : `8 lines (${8 - lines} filtered out)`)
  })

  it('are told in the verdict of --json', async () => {
    const { stdout, stderr } = await spanlog(['logs', traceId, file, '--level', 'error', '--json'])
    expect(stdout.split('\n')).toHaveLength(3)
    expect(JSON.parse(stderr)).toMatchObject({ complete: true, entries: 8, filtered: 6 })
  })

  it.each([
    ['an unknown level', ['--level', 'loud'], '--level'],
    ['an empty text', ['--grep', ''], '--grep'],
    ['a broken pattern', ['--grep', '/(/'], '--grep'],
    ['context around nothing', ['-C', '3'], '--context'],
    ['context of a fraction', ['-C', '1.5', '--level', 'error'], '--context'],
    ['two formats', ['--csv', '--json'], '--json and --csv'],
    ['an end of what has none', ['--follow', '--to', '1s'], '--to'],
    ['costs of what does not end', ['--follow', '--stats'], '--stats'],
  ])('are refused by name: %s', async (_name, flags, said) => {
    const { stdout, stderr, code } = await spanlog(['logs', traceId, file, ...flags])
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(/^spanlog: INVALID_OPTION: .+\n$/)
    expect(stderr).toContain(said)
  })
})

describe('formats', () => {
  it('--logfmt is one line of pairs each', async () => {
    const { stdout } = await spanlog(['logs', traceId, file, '--service', 'payments', '--logfmt'])
    const ids = `trace_id=${traceId} span_id=${spanId}`
    expect(stdout.split('\n')).toEqual([
      `time=2026-11-21T04:00:00.030000000Z service=payments level=warn msg="bank is slow" ${ids} attempt=1`,
      `time=2026-11-21T04:00:00.040000000Z service=payments level=error msg="charge refused" ${ids} reason="no \\"money\\""`,
      '',
    ])
  })

  it('--csv has a row of names, and cells that RFC 4180 quotes', async () => {
    const { stdout } = await spanlog(['logs', traceId, file, '--service', 'payments', '--csv'])
    expect(stdout.split('\r\n')).toEqual([
      'time,service,level,message,trace_id,span_id,fields',
      `2026-11-21T04:00:00.030000000Z,payments,warn,bank is slow,${traceId},${spanId},"{""attempt"":1}"`,
      `2026-11-21T04:00:00.040000000Z,payments,error,charge refused,${traceId},${spanId},"{""reason"":""no \\""money\\""""}"`,
      '',
    ])
  })

  const hostile: [string, string][] = [
    ['an escape sequence', '\u001b]0;pwned\u0007\u001b[2J'],
    ['C1 controls', '\u009b31m\u0090'],
    ['a carriage return', 'safe\rSPOOFED'],
    ['a line break', 'one\ntwo: {"level":50}'],
    ['text that runs backwards', '\u202egnp.exe'],
    ['nothing to see', 'a\u200b\ufeff\u{e0041}b'],
    ['half a character', 'x\ud800y'],
    ['line separators', 'a\u2028b\u2029c'],
    ['a backspace', 'rm -rf /\b\b\b\b\b\b\b\bls'],
  ]
  it.each(hostile.flatMap(([name, text]) => ['people', '--json', '--logfmt', '--csv'].map((format) => [name, format, text])))(
    'drive no terminal: %s, for %s',
    async (_name, format, text) => {
      const evil = folder.write('hostile.log', [line(0, text, 30, text, { [text]: text, plain: text })])
      const { stdout, stderr, code } = await spanlog(['logs', traceId, evil, ...(format === 'people' ? [] : [format])])
      // What the formats themselves need: line breaks.
      expect(stdout.replaceAll(/\r\n$|\r\n(?=[\dt])|\n$/gm, '').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(stdout.trimEnd().split('\n')).toHaveLength(format === 'people' || format === '--csv' ? 2 : 1)
      expect(stderr.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(code).toBe(0)
    },
  )

  it.each(['=cmd|calc!A1', '+1', '-1', '@SUM(A1)'])('--csv gives a spreadsheet no formula: %s', async (text) => {
    const evil = folder.write('formula.log', [line(0, 'orders', 30, text)])
    const { stdout } = await spanlog(['logs', traceId, evil, '--csv'])
    expect(stdout).toContain(`,'${text},`)
  })
})

describe('costs', () => {
  const lokiTrace = randomId(16)
  beforeAll(() => {
    const now = BigInt(Date.now()) * 1_000_000n
    loki.push({ service: 'orders' }, [[now - 60_000_000_000n, `{"trace_id":"${lokiTrace}","msg":"bought"}`]])
    loki.flush()
  })

  it('are told by --stats, retries among them', async () => {
    loki.inject(tooMany, { times: 1, on: 'query_range' })
    const { stderr } = await spanlog(['logs', lokiTrace, '--loki', loki.url, '--stats'])
    expect(stderr).toMatch(/^\d+ requests, 1 sent again, [\d.]+ k?B received or read, .*[\d.]+ k?B estimated\n1 line, complete \(/)
    const json = JSON.parse((await spanlog(['logs', lokiTrace, '--loki', loki.url, '--stats', '--json'])).stderr)
    expect(json.stats).toMatchObject({ retries: 0, requests: expect.any(Number), bytes: expect.any(Number) })
    expect((await spanlog(['logs', traceId, file, '--stats'])).stderr).toMatch(
      /^0 requests, 0 sent again, [\d.]+ kB received or read\n8 lines, /,
    )
  })

  it('past --max-bytes are refused before anything is read, and --yes goes on', async () => {
    const args = ['logs', lokiTrace, '--loki', loki.url, '--max-bytes', '1B', '--from', '1h']
    const refused = await spanlog(args)
    expect(refused).toMatchObject({ stdout: '', code: 3 })
    expect(refused.stderr).toMatch(/^no lines, INCOMPLETE: QUERY_TOO_EXPENSIVE: .*--max-bytes.*--yes/)
    const gone = await spanlog([...args, '--yes'])
    expect(gone.stdout).toContain('bought')
    expect(gone.code).toBe(0)
  })

  it('are cut by the spans: where a store of traces has them, Loki is searched around them', async () => {
    const id = randomId(16)
    const at = BigInt(Date.now() - 7_200_000) * 1_000_000n
    tempo.push(otlp(span(id, { service: 'orders', startUnixNano: at, endUnixNano: at + 1_000_000n })))
    loki.push({ service: 'orders' }, [[at, `{"trace_id":"${id}","msg":"bought"}`]])
    const { stdout, stderr } = await spanlog(['logs', id, '--loki', loki.url, '--tempo', tempo.url])
    expect(stdout).toContain('bought')
    const [, from = '', to = ''] = /from (\S+) to ([^)]+)\)/.exec(stderr) ?? []
    expect(Date.parse(to) - Date.parse(from)).toBeLessThanOrEqual(7_200_001)
  })
})

describe('--follow', () => {
  it('prints what is there, then each new line that fits, and ends with Ctrl-C', async () => {
    const growing = folder.write('grow/growing.log', [line(0, 'orders', 50, 'first'), line(1, 'orders', 30, 'left out')])
    const { stdout, code } = await spanlog(['logs', traceId, path.dirname(growing), '--follow', '--level', 'error'], {
      during: (child) => {
        let text = ''
        let step = 0
        child.stdout.on('data', (piece: string) => {
          text += piece
          if (step === 0 && text.includes('first')) {
            step = 1
            appendFileSync(
              growing,
              `${JSON.stringify(line(2, 'orders', 30, 'left out too'))}\n${JSON.stringify(line(3, 'orders', 50, 'second'))}\n`,
            )
          }
          if (step === 1 && text.includes('second')) {
            step = 2
            child.kill('SIGINT')
          }
        })
      },
    })
    expect(messagesOf(stdout)).toEqual(['first', 'second'])
    expect(code).toBe(130)
  })

  it('merges a store with files, line by line, and tells of gaps on stderr', async () => {
    const id = randomId(16)
    const now = (): bigint => BigInt(Date.now()) * 1_000_000n
    const text = (msg: string): string => JSON.stringify({ time: Date.now(), level: 30, trace_id: id, msg })
    const own = await startLokiDouble()
    try {
      own.push({ service: 'orders' }, [[now(), text('in Loki')]])
      const growing = folder.write('both/growing.log', `${text('in a file')}\n`)
      const { stdout, stderr } = await spanlog(['logs', id, growing, '--loki', own.url, '--follow', '--from', '10m'], {
        during: (child) => {
          let out = ''
          let step = 0
          child.stdout.on('data', (piece: string) => {
            out += piece
            if (step === 0 && out.includes('in Loki') && out.includes('in a file')) {
              step = 1
              own.push({ service: 'orders' }, [[now(), text('later in Loki')]])
              appendFileSync(growing, `${text('later in a file')}\n`)
            }
            if (step === 1 && out.includes('later in Loki') && out.includes('later in a file')) {
              step = 2
              folder.write('both/growing.log', `${text('anew')}\n`)
            }
            if (step === 2 && out.includes('anew')) {
              step = 3
              child.kill('SIGINT')
            }
          })
        },
      })
      expect(stdout.match(/in Loki|in a file/g)).toHaveLength(4)
      expect(stderr).toMatch(/^gap.*: TRUNCATED: .+; (?:its lines follow|lines may be missing)$/m)
    } finally {
      await own.close()
    }
  })

  it('ends with 3 where the store refuses for good', async () => {
    const own = await startLokiDouble({ auth: true })
    try {
      const { stdout, stderr, code } = await spanlog(['logs', traceId, '--loki', own.url, '--follow'])
      expect({ stdout, code }).toEqual({ stdout: '', code: 3 })
      expect(stderr).toMatch(/^following ended: LOKI_UNAUTHORIZED: /)
    } finally {
      await own.close()
    }
  })
})

describe('the progress line', () => {
  const preload = folder.write('terminal.cjs', 'Object.defineProperty(process.stderr, "isTTY", { value: process.env.ERR === "tty" })')

  it.each([
    ['shows on a terminal and is wiped away', 'tty', /^<0 lines, [^\n<]+ s(?:<[^\n<]+ s)*<no lines, INCOMPLETE: ABORTED/],
    ['never shows where stderr is none', 'file', /^no lines, INCOMPLETE: ABORTED/],
  ])('%s', async (_name, kind, wanted) => {
    const slow = await startLokiDouble()
    slow.inject(hang, { times: 99 })
    let err = ''
    const { stderr } = await spanlog(['logs', randomId(16), '--loki', slow.url], {
      env: { NODE_OPTIONS: `--require ${preload}`, ERR: kind },
      during: (child) => {
        // Off a terminal nothing tells that time has passed: longer than the line would need to show.
        if (kind === 'file') {
          const timer = setInterval(() => {
            if (slow.seen.length === 0) return
            clearInterval(timer)
            setTimeout(() => child.kill('SIGINT'), 2000)
          }, 20)
        } else {
          child.stderr.on('data', (piece: string) => {
            // Once: a second one ends it at once.
            if (!err.includes(' s') && (err += piece).includes(' s')) child.kill('SIGINT')
          })
        }
      },
    })
    await slow.close()
    expect(stderr.replaceAll('\r\u001b[K', '<')).toMatch(wanted)
  })
})

describe('--grafana', () => {
  /** What stands in the panes of the links on stderr. */
  function panesOf(stderr: string): { url: URL; pane: Record<string, never> }[] {
    return [...stderr.matchAll(/^Grafana, \w+: (\S+)$/gm)].map(([, text = '']) => {
      const url = new URL(text)
      return { url, pane: JSON.parse(url.searchParams.get('panes') ?? '').spanlog }
    })
  }

  it("prints links into Explore: to the trace's lines, and to the trace", async () => {
    const { stderr } = await spanlog(['logs', traceId, file, '--grafana', 'https://grafana.example/sub/'])
    const [lines, trace] = panesOf(stderr)
    expect(lines?.url.origin).toBe('https://grafana.example')
    expect(lines?.url.pathname).toBe('/sub/explore')
    expect(lines?.pane).toMatchObject({
      datasource: 'loki',
      queries: [
        { expr: `{service_name=~".+"} |= \`${traceId}\`` },
        { expr: `{service_name=~".+"} | trace_id=\`${traceId}\` != \`${traceId}\`` },
      ],
      range: { from: String(start - 60_000), to: String(start + 70 + 60_000) },
    })
    expect(trace?.pane).toMatchObject({ datasource: 'tempo', queries: [{ queryType: 'traceql', query: traceId }] })
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^8 lines, complete/)
  })

  it.each(['grafana', 'ftp://grafana', 'https://me:secret@grafana'])('refuses what is no URL for a browser: %s', async (url) => {
    const { stderr, code } = await spanlog(['logs', traceId, file, '--grafana', url])
    expect(stderr).toMatch(/^spanlog: INVALID_URL: Expected `--grafana` /)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(2)
  })
})
