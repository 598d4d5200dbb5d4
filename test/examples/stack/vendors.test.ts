import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stack, stackFiles } from '../../support/stack/files.js'

const data = mkdtempSync(path.join(tmpdir(), 'spanlog-stack-'))
afterAll(() => rmSync(data, { recursive: true, force: true }))

const env = {
  ...process.env,
  LOKI_DATA: data,
  LOKI_OVERRIDES: path.join(stack, 'loki/overrides.yaml'),
  LOKI_BUCKET: 'lines',
  TEMPO_DATA: data,
  TEMPO_OVERRIDES: path.join(stack, 'tempo/overrides.yaml'),
  TEMPO_BUCKET: 'traces',
  AWS_REGION: 'eu-west-1',
  GOOGLE_CLOUD_PROJECT: 'shop',
  DD_API_KEY: '0'.repeat(32),
  NEW_RELIC_LICENSE_KEY: 'key',
  HOME_COLLECTOR: 'home:4317',
  EU_COLLECTOR: 'eu:4317',
  US_COLLECTOR: 'us:4317',
  K8S_NODE_NAME: 'node-1',
}
const exporters = stackFiles().filter((file) => file.startsWith('collector/exporters/'))

/** The vendors' own programs, where the machine has them; this machine's have the last word on what a file may say. */
const programs: [program: string, args: string[]][] = [
  ['promtool', ['check', 'config', 'prometheus/prometheus.yml']],
  ['promtool', ['check', 'rules', 'prometheus/rules/services.yml']],
  ['promtool', ['test', 'rules', 'prometheus/rules.test.yml']],
  ...['loki/loki.yaml', 'loki/loki-s3.yaml'].map(
    (file) => ['loki', ['-verify-config', '-config.expand-env=true', `-config.file=${file}`]] as [string, string[]],
  ),
  ...['tempo/tempo.yaml', 'tempo/tempo-s3.yaml'].map(
    (file) => ['tempo', ['-config.verify=true', '-config.expand-env=true', `-config.file=${file}`]] as [string, string[]],
  ),
  ...[[], ...exporters.map((file) => [file])].map(
    (more) =>
      ['otelcol-contrib', ['validate', ...['collector/collector.yaml', ...more].map((file) => `--config=${file}`)]] as [string, string[]],
  ),
  ...['collector/agent.yaml', 'collector/regional.yaml'].map(
    (file) => ['otelcol-contrib', ['validate', `--config=${file}`]] as [string, string[]],
  ),
  ...stackFiles()
    .filter((file) => file.endsWith('.alloy'))
    .map((file) => ['alloy', ['fmt', '--test', file]] as [string, string[]]),
  ['docker', ['compose', 'config', '--quiet']],
  ['kubectl', ['kustomize', '.']],
]
const has = (program: string): boolean =>
  program === 'docker' ? spawnSync('docker', ['compose', 'version']).status === 0 : spawnSync(program, ['--help']).error === undefined
const installed = new Set([...new Set(programs.map(([program]) => program))].filter(has))

describe('the vendors agree', () => {
  for (const [program, args] of programs)
    it.skipIf(!installed.has(program))(`${program} ${args.join(' ')}`, () => {
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: stack, env, encoding: 'utf8', timeout: 60_000 })
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
    })
})
