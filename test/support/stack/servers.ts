import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { freePort } from '../port.js'
import { stack } from './files.js'

/** A server of the stack, with the stack's own file, on ports and in a folder of its own; nothing else is changed. */
export async function start(name: 'loki' | 'tempo'): Promise<{ url: string; otlpUrl: string; otlpGrpc: string }> {
  const [http, internal, otlpGrpc, otlpHttp] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const folder = mkdtempSync(path.join(tmpdir(), `spanlog-${name}-`))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const env = {
    [`${name.toUpperCase()}_DATA`]: folder,
    [`${name.toUpperCase()}_OVERRIDES`]: path.join(stack, name, 'overrides.yaml'),
    TEMPO_OTLP_GRPC: `127.0.0.1:${otlpGrpc}`,
    TEMPO_OTLP_HTTP: `127.0.0.1:${otlpHttp}`,
  }
  const settings = [`-config.file=${path.join(stack, name, `${name}.yaml`)}`, '-config.expand-env=true']
  const ports = [`-server.http-listen-port=${http}`, `-server.grpc-listen-port=${internal}`]
  const url = `http://127.0.0.1:${http}`
  await run(name, [...settings, ...ports], env, `${url}/ready`)
  return { url, otlpUrl: `http://127.0.0.1:${otlpHttp}`, otlpGrpc: `127.0.0.1:${otlpGrpc}` }
}

/** The Collector with collector.yaml: a second configuration moves its ports, as the environment says where it sends. */
export async function startCollector(env: Record<string, string>): Promise<{ otlpUrl: string; metricsUrl: string }> {
  const at = async () => `127.0.0.1:${await freePort()}`
  const [http, metrics, health] = [await at(), await at(), await at()]
  const moved = {
    extensions: { health_check: { endpoint: health } },
    receivers: {
      otlp: { protocols: { grpc: { endpoint: await at() }, http: { endpoint: http } } },
      jaeger: { protocols: { grpc: { endpoint: await at() }, thrift_http: { endpoint: await at() } } },
      zipkin: { endpoint: await at() },
    },
    exporters: { prometheus: { endpoint: metrics } },
    service: {
      telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: '127.0.0.1', port: await freePort() } } } }] } },
    },
  }
  const settings = [path.join(stack, 'collector/collector.yaml'), `yaml:${JSON.stringify(moved)}`]
  await run(
    'otelcol-contrib',
    settings.map((one) => `--config=${one}`),
    env,
    `http://${health}`,
  )
  return { otlpUrl: `http://${http}`, metricsUrl: `http://${metrics}/metrics` }
}

async function run(program: string, args: string[], env: Record<string, string>, readyUrl: string): Promise<void> {
  const server = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' })
  await once(server, 'spawn')
  const gone = once(server, 'exit')
  onTestFinished(async () => {
    // They write for half a minute when they are asked to end.
    server.kill('SIGKILL')
    await gone
  })
  for (let i = 0; i < 120 && !(await fetch(readyUrl).catch(() => undefined))?.ok; i++) await wait(500)
}
