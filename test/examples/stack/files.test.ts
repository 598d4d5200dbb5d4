import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { stackFiles } from '../../support/stack/files.js'

/** The test that has a program read each file. */
const readBy: [RegExp, string][] = [
  [/^compose\.yaml$|^shop\/Dockerfile$/, 'compose.test.ts'],
  [/^collector\//, 'collector.test.ts'],
  [/^grafana\/provisioning\//, 'grafana.test.ts'],
  [/^grafana\/dashboards\//, 'types.test.ts'],
  [/^kubernetes\//, 'types.test.ts'],
  [/^kustomization\.yaml$/, 'kubernetes.test.ts'],
  [/^alloy\//, 'alloy.test.ts'],
  [/^prometheus\//, 'prometheus.test.ts'],
  [/^(?:loki|tempo)\//, 'stores.test.ts'],
  [/^customers\.mjs$/, 'customers.test.ts'],
  [/^README\.md$/, 'files.test.ts'],
  [/^shop\/Dockerfile\.dockerignore$/, 'files.test.ts'],
]
const files = stackFiles()

describe('each file of the stack is read by a test', () => {
  it.each(files)('%s', (file) => {
    expect(readBy.filter(([pattern]) => pattern.test(file))).toHaveLength(1)
  })

  it('and each of those tests is there', () => {
    const tests = readdirSync(import.meta.dirname)
    expect(readBy.filter(([, test]) => !tests.includes(test))).toEqual([])
  })
})

describe('README.md', () => {
  const text = readFileSync(path.resolve(import.meta.dirname, '../../../examples/stack/README.md'), 'utf8')

  it('is short', () => {
    expect(text.split('\n').length).toBeLessThan(60)
  })

  it('names files that are there', () => {
    const folder = path.resolve(import.meta.dirname, '../../../examples/stack')
    const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => path.resolve(folder, target ?? ''))
    expect(linked.length).toBeGreaterThan(3)
    for (const target of linked) expect(readdirSync(path.dirname(target))).toContain(path.basename(target))
  })
})

it('what is built on this machine does not go into the image', () => {
  const ignored = readFileSync(path.resolve(import.meta.dirname, '../../../examples/stack/shop/Dockerfile.dockerignore'), 'utf8')
    .trim()
    .split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['**/node_modules', '**/.git', 'dist']))
})
