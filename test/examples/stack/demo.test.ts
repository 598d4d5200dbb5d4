import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../support/port.js'
import { root, stack } from '../../support/stack/files.js'

/** A server of the stack, with the stack's own file, on ports and in a folder of its own; nothing else is changed. */
async function start(name: 'loki' | 'tempo'): Promise<{ url: string; otlpUrl: string }> {
  const [http, internal, otlpGrpc, otlpHttp] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const folder = mkdtempSync(path.join(tmpdir(), `spanlog-${name}-`))
  const env = {
    ...process.env,
    [`${name.toUpperCase()}_DATA`]: folder,
    [`${name.toUpperCase()}_OVERRIDES`]: path.join(stack, name, 'overrides.yaml'),
    TEMPO_OTLP_GRPC: `127.0.0.1:${otlpGrpc}`,
    TEMPO_OTLP_HTTP: `127.0.0.1:${otlpHttp}`,
  }
  const settings = [`-config.file=${path.join(stack, name, `${name}.yaml`)}`, '-config.expand-env=true']
  const ports = [`-server.http-listen-port=${http}`, `-server.grpc-listen-port=${internal}`]
  const server = spawn(name, [...settings, ...ports], { env, stdio: 'ignore' })
  await once(server, 'spawn')
  const gone = once(server, 'exit')
  onTestFinished(async () => {
    // Both write for half a minute when they are asked to end.
    server.kill('SIGKILL')
    await gone
    rmSync(folder, { recursive: true })
  })
  const url = `http://127.0.0.1:${http}`
  for (let i = 0; i < 120 && !(await fetch(`${url}/ready`).catch(() => undefined))?.ok; i++) await wait(500)
  return { url, otlpUrl: `http://127.0.0.1:${otlpHttp}` }
}

// Half a minute, and servers that no package brings: SPANLOG_STACK=1, with `loki` and `tempo` on the PATH.
it.runIf(process.env.SPANLOG_STACK)(
  'the demo runs against Loki and Tempo as the stack starts them, and finds its trace whole',
  async () => {
    const loki = await start('loki')
    const tempo = await start('tempo')
    const cwd = mkdtempSync(path.join(tmpdir(), 'spanlog-demo-'))
    onTestFinished(() => rmSync(cwd, { recursive: true }))
    const env = { ...process.env, LOKI_URL: loki.url, TEMPO_URL: tempo.url, TEMPO_OTLP_URL: tempo.otlpUrl }
    const demo = spawn(process.execPath, [path.join(root, 'examples/shop/run.mjs')], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, [code]] = await Promise.all([text(demo.stdout), once(demo, 'exit')])
    expect(output).toMatch(/^9 lines, complete/m)
    expect(output).toMatch(/^7 spans, 9 lines, complete/m)
    expect(code).toBe(0)
  },
  150_000,
)
