import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fencesOf } from '../support/markdown.js'
import { Folder, spanlog } from './spanlog.js'

const root = path.resolve(import.meta.dirname, '../..')
const page = readFileSync(path.join(root, 'docs/cli.md'), 'utf8')
const fences = fencesOf(page)

describe('docs/cli.md', () => {
  it('shows a configuration that is accepted', async () => {
    const folder = new Folder()
    const shown = fences.find(({ language }) => language === 'json')?.text ?? ''
    for (const name of ['ca.pem', 'client.pem', 'client.key']) folder.write(name, '-----BEGIN')
    const config = folder.write('spanlog.json', shown)
    const { stderr } = await spanlog(['find', '--config', config, '--level', 'loud'])
    folder.remove()
    expect(stderr).toContain('`--level`')
  })

  it('has the exit codes that --help has', async () => {
    const { stdout } = await spanlog(['--help'])
    const codes = [...stdout.matchAll(/^ {2}(\d+) {2,}\w/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(5)
    expect([...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code)).toEqual(codes)
  })
})
