import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { fencesOf } from '../support/markdown.js'
import { Folder, spanlog } from './spanlog.js'

const root = path.resolve(import.meta.dirname, '../..')
const page = readFileSync(path.join(root, 'docs/cli.md'), 'utf8')
const fences = fencesOf(page)

describe('docs/cli.md', () => {
  const sessions = fences.filter(({ language }) => language === 'console').flatMap(({ text }) => text.split(/^\$ spanlog /m).slice(1))

  it.each(sessions.map((session) => [session.slice(0, session.indexOf('\n')), session] as const))(
    'shows what `%s` prints',
    async (command, session) => {
      const { stdout, stderr } = await spanlog(command.split(' '), { cwd: root, env: { COLUMNS: '100' } })
      expect(`${command}\n${stdout}${stderr}`).toBe(session)
    },
  )

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
