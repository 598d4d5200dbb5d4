import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { pageOf, root } from './pages.js'

const { text, snippets } = pageOf('README.md')
const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts
const programs = snippets.filter(({ language }) => language === 'js')

it('README shows code by line 25, and of each program its output', () => {
  expect(programs[0]?.line).toBeLessThanOrEqual(25)
  expect(programs.length).toBeGreaterThanOrEqual(5)
  expect(programs.filter(({ output }) => output === undefined)).toEqual([])
})

it('README names only scripts that exist', () => {
  const named = [...text.matchAll(/npm (?:run ([\w:]+)|(test))/g)].map(([, script, test]) => script ?? test ?? '')
  expect(named.filter((script) => !(script in scripts))).toEqual([])
  expect(named).toEqual(expect.arrayContaining(['demo', 'test']))
})
