import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Data,
  list,
  missing,
  read,
  readYaml,
  readYamls,
  scalar,
  stack,
  stackFiles,
  texts,
  variablesOf,
} from '../../support/stack/files.js'

const kustomization = readYaml('kustomization.yaml')
const files = stackFiles().filter((file) => file.startsWith('kubernetes/'))
const manifests = files.flatMap(readYamls)
const ofKind = (kind: string) => manifests.filter((manifest) => (manifest.kind as unknown) === kind)
const nameOf = (manifest: Data | undefined) => scalar(manifest?.metadata?.name)
const names = (kind: string) => ofKind(kind).map(nameOf)
const workloads = [...ofKind('Deployment'), ...ofKind('DaemonSet')].map((manifest) => [nameOf(manifest), manifest] as [string, Data])
const pod = (manifest: Data) => manifest.spec?.template?.spec as Data
const containers = (manifest: Data) => pod(manifest).containers as unknown as Data[]
const environment = (container: Data | undefined) => list(container?.env)
const configMaps = (kustomization.configMapGenerator ?? []) as unknown as { name: string; files: string[] }[]

describe('kustomization.yaml', () => {
  it('applies every manifest', () => {
    expect([...texts(kustomization.resources)].toSorted()).toEqual(files)
  })

  it('makes each configuration map of files that are there', () => {
    expect(configMaps.flatMap((map) => map.files).filter((file) => !existsSync(path.join(stack, file)))).toEqual([])
  })
})

describe.each(workloads)('%s', (name, manifest) => {
  it('selects its own pods', () => {
    const labels = manifest.spec?.template?.metadata?.labels
    expect(labels).toMatchObject(manifest.spec?.selector?.matchLabels as object)
  })

  it('runs as an account that exists', () => {
    const account = pod(manifest).serviceAccountName as unknown
    expect([undefined, ...names('ServiceAccount')]).toContain(account)
  })

  it('mounts volumes that it has, of configuration maps that are made', () => {
    const volumes = (pod(manifest).volumes ?? []) as unknown as { name: string; configMap?: { name: string } }[]
    const mounted = containers(manifest).flatMap(({ volumeMounts }) => list(volumeMounts).map((mount) => scalar(mount.name)))
    expect(new Set(mounted)).toEqual(new Set(volumes.map((volume) => volume.name)))
    const used = volumes.flatMap(({ configMap }) => configMap?.name ?? [])
    expect(
      missing(
        used,
        configMaps.map((map) => map.name),
      ),
    ).toEqual([])
  })

  it('has bounds, and no rights that it does not need', () => {
    for (const { resources, securityContext } of containers(manifest)) {
      expect(resources).toMatchObject({ requests: { cpu: expect.anything() as string }, limits: { memory: expect.anything() as string } })
      expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })
    }
  })

  it('composes its variables of such as stand before them', () => {
    for (const container of containers(manifest)) {
      const known: string[] = []
      for (const variable of environment(container)) {
        const used = [...scalar(variable.value ?? '').matchAll(/\$\((\w+)\)/g)].map(([, other]) => other ?? '')
        expect(missing(used, known)).toEqual([])
        known.push(scalar(variable.name))
      }
    }
  })

  it('sets each variable that its configuration has no default for', () => {
    const mounted = ((pod(manifest).volumes ?? []) as Data[]).flatMap((volume) =>
      configMaps.filter((map) => map.name === (volume.configMap?.name as unknown)),
    )
    const needed = mounted.flatMap((map) => map.files).flatMap((file) => variablesOf(read(file)).filter(({ hasDefault }) => !hasDefault))
    const set = containers(manifest).flatMap((container) => environment(container).map((variable) => scalar(variable.name)))
    expect(
      missing(
        needed.map((variable) => variable.name),
        set,
      ),
    ).toEqual([])
  })
})

// The gateway is told by the agents where a span comes from.
it.each(workloads.filter(([name]) => name !== 'collector-gateway'))(
  '%s is told by the downward API on which node it runs',
  (_, manifest) => {
    const fields = containers(manifest).flatMap((container) =>
      environment(container).map(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath),
    )
    expect(fields).toContain('spec.nodeName')
  },
)

describe('the services of the shop', () => {
  const shop = workloads.filter(([, { metadata }]) => (metadata?.labels?.['app.kubernetes.io/part-of'] as unknown) === 'shop')

  it.each(shop)('%s sends to the Collector of its node, and says which pod it is', (name, manifest) => {
    const variables = Object.fromEntries(
      environment(containers(manifest)[0]).map((variable) => [variable.name, variable.value ?? variable.valueFrom]),
    )
    expect(variables).toMatchObject({
      NODE_IP: { fieldRef: { fieldPath: 'status.hostIP' } },
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://$(NODE_IP):4318',
    })
    const attributes = new Map(
      scalar(variables.OTEL_RESOURCE_ATTRIBUTES)
        .split(',')
        .map((pair) => pair.split('=') as [string, string]),
    )
    expect(attributes.get('k8s.deployment.name')).toBe(name)
    expect(attributes.get('k8s.pod.uid')).toBe('$(K8S_POD_UID)')
  })

  it.each(ofKind('Service').map((service) => [nameOf(service), service] as [string, Data]))('the service %s has pods', (_, service) => {
    const selected = workloads.filter(([, { spec }]) =>
      Object.entries(service.spec?.selector ?? {}).every(([key, value]) => spec?.template?.metadata?.labels?.[key] === value),
    )
    expect(selected).toHaveLength(1)
  })
})

describe('rights', () => {
  it.each(ofKind('ClusterRoleBinding').map((binding) => [nameOf(binding), binding] as [string, Data]))(
    '%s joins a role and an account that exist',
    (_, binding) => {
      expect(names('ClusterRole')).toContain(binding.roleRef?.name)
      const subjects = list(binding.subjects)
      expect(subjects).toHaveLength(1)
      for (const { name, namespace } of subjects) {
        expect(names('ServiceAccount')).toContain(name)
        expect(namespace).toBe(kustomization.namespace)
      }
    },
  )

  it('nothing may change anything, and nothing asks for an operator', () => {
    const verbs = ofKind('ClusterRole').flatMap(({ rules }) => list(rules).flatMap((rule) => texts(rule.verbs)))
    expect(new Set(verbs)).toEqual(new Set(['get', 'watch', 'list']))
    expect(new Set(manifests.map(({ apiVersion }) => apiVersion))).toEqual(new Set(['v1', 'apps/v1', 'rbac.authorization.k8s.io/v1']))
  })
})
