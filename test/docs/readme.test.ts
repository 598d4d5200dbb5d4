import { expect, it } from 'vitest'
import { pageOf } from './pages.js'

const { text, snippets } = pageOf('README.md')
const programs = snippets.filter(({ language }) => language === 'js')

it('README shows code by line 25, and of each program its output', () => {
  expect(programs[0]?.line).toBeLessThanOrEqual(25)
  expect(programs.length).toBeGreaterThanOrEqual(5)
  expect(programs.filter(({ output }) => output === undefined)).toEqual([])
})

it('README names the demo and the tests', () => {
  expect(text).toContain('npm run demo')
  expect(text).toContain('npm test')
})
