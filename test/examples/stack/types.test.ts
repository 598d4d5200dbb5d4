import { describe, expect, it } from 'vitest'
import { type Data, list, read, readYamls, scalar, stackFiles } from '../../support/stack/files.js'
import { typeProblems } from '../../support/stack/types.js'

/** Where kubernetes-types keeps each kind that the stack has. */
const folders: Record<string, string> = { v1: 'core/v1', 'apps/v1': 'apps/v1', 'rbac.authorization.k8s.io/v1': 'rbac/v1' }
const manifests = stackFiles()
  .filter((file) => file.startsWith('kubernetes/'))
  .flatMap((file) => readYamls(file).map((value, i) => ({ name: `${file}-${i}`, value })))
  .map(({ name, value }) => ({ name, type: scalar(value.kind), from: `kubernetes-types/${folders[scalar(value.apiVersion)]}.d.ts`, value }))
const dashboards = stackFiles()
  .filter((file) => file.startsWith('grafana/dashboards/'))
  .map((file) => ({
    name: file,
    type: 'Dashboard',
    from: '@grafana/schema/dist/types/raw/dashboard/x/types.gen.d.ts',
    value: JSON.parse(read(file)) as Data,
  }))

// One run of the compiler for all of them: it takes a second.
describe('the compiler holds manifests and dashboards to the types of Kubernetes and Grafana', () => {
  const copy = (name: string, type: string): (typeof manifests)[number] => ({
    ...structuredClone([...manifests, ...dashboards].find((typed) => typed.type === type) as (typeof manifests)[number]),
    name,
  })
  const [key, value, board] = [copy('wrong-key', 'DaemonSet'), copy('wrong-value', 'Service'), copy('wrong-board', 'Dashboard')]
  Object.assign(key.value.spec?.template?.spec ?? {}, { serviceAcountName: 'x' })
  Object.assign(value.value.spec ?? {}, { ports: [{ port: '4317' }] })
  Object.assign(list(board.value.panels)[0]?.gridPos ?? {}, { width: 3 })
  const problems = typeProblems([...manifests, ...dashboards, key, value, board])

  it.each([...manifests, ...dashboards].map(({ name }) => [name]))('%s', (name) => {
    expect(problems.filter((problem) => problem.startsWith(`${name.replaceAll(/\W+/g, '-')}.ts`))).toEqual([])
  })

  it.each([
    ['a misspelt key', 'wrong-key', 'serviceAcountName'],
    ['a text where a number belongs', 'wrong-value', "'string' is not assignable to type 'number'"],
    ['a key that a panel does not have', 'wrong-board', 'width'],
  ])('and sees %s', (_, name, said) => {
    expect(problems.filter((problem) => problem.startsWith(name)).join()).toContain(said)
  })
})
