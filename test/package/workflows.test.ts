import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const folder = path.join(root, '.github/workflows')
const scripts = Object.keys((JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts)

describe.each(readdirSync(folder))('the workflow %s', (name) => {
  const content = readFileSync(path.join(folder, name), 'utf8')

  it('is one that GitHub can read', async () => {
    const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
    const template = value && (await convertWorkflowTemplate(context, value))
    expect(context.errors.getErrors().map((error) => error.message)).toEqual([])
    expect(template?.jobs.length).toBeGreaterThan(0)
  })

  it('runs scripts that there are', () => {
    const run = [...content.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script)
    expect(run.filter((script) => !scripts.includes(script as string))).toEqual([])
  })
})
