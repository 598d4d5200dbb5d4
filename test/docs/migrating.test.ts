import { describe, expect, it } from 'vitest'
import { pages } from './pages.js'

// What the programs print is what the pages show: pages.test.ts runs them.
describe.each(pages.filter(({ file }) => file.startsWith('docs/migrating/')))('$file', ({ text, snippets }) => {
  const [before = [], after = []] = ['## Before', '## After'].map((heading) => {
    const start = text.slice(0, text.indexOf(`${heading}\n`)).split('\n').length
    const shown = snippets.find(({ language, line }) => (language === 'text' || language === 'console') && line > start)
    return (shown?.text ?? '')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  })

  it('logs the same before and after', () => {
    expect(before.length).toBeGreaterThan(0)
    expect(after.slice(0, before.length).map(({ msg, message }) => msg ?? message)).toEqual(
      before.map(({ msg, message }) => msg ?? message),
    )
  })

  it('has IDs in each line afterwards, of one trace', () => {
    const ids = after.map((line) => [line['trace_id'] ?? line['dd.trace_id'], line['span_id'] ?? line['dd.span_id']])
    expect(ids.flat()).not.toContain(undefined)
    expect(new Set(ids.map(([traceId]) => traceId)).size).toBe(1)
  })
})
