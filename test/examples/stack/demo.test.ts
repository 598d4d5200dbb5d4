import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { root } from '../../support/stack/files.js'
import { start, startCollector } from '../../support/stack/servers.js'

// A minute, and servers that no package brings: SPANLOG_STACK=1, with `loki`, `tempo` and `otelcol-contrib` on the PATH.
it.runIf(process.env.SPANLOG_STACK).each([
  ['straight to Tempo', false],
  ['through the Collector, which keeps failed traces alone', true],
])(
  'the demo runs against Loki and Tempo as the stack starts them, its spans %s, and finds its trace whole',
  async (_, collected) => {
    const loki = await start('loki')
    const tempo = await start('tempo')
    const { otlpUrl } = collected ? await startCollector({ TEMPO_ENDPOINT: tempo.otlpGrpc, SAMPLING_PERCENTAGE: '0' }) : tempo
    const cwd = mkdtempSync(path.join(tmpdir(), 'spanlog-demo-'))
    onTestFinished(() => rmSync(cwd, { recursive: true }))
    const env = { ...process.env, LOKI_URL: loki.url, TEMPO_URL: tempo.url, TEMPO_OTLP_URL: otlpUrl }
    const demo = spawn(process.execPath, [path.join(root, 'examples/shop/run.mjs')], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, [code]] = await Promise.all([text(demo.stdout), once(demo, 'exit')])
    expect(output).toMatch(/^9 lines, complete/m)
    expect(output).toMatch(/^7 spans, 9 lines, complete/m)
    expect(code).toBe(0)
  },
  150_000,
)
