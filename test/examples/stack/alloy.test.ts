import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { alloyProblems, type Block, parseAlloy } from '../../support/stack/alloy.js'
import { read, readYaml, variablesOf } from '../../support/stack/files.js'

const folders = {
  'compose.yaml': ['alloy/lines.alloy', 'alloy/docker.alloy'],
  Kubernetes: ['alloy/lines.alloy', 'alloy/kubernetes.alloy'],
}
/** Alloy reads all files of its folder as one. */
const together = (files: string[]): string => files.map(read).join('\n')
const find = (blocks: Block[], name: string): Block | undefined =>
  blocks.flatMap((block) => [block, ...block.blocks]).find((block) => block.name === name)
/** What is taken out of a line, by name. */
const expressionsOf = (blocks: Block[]): Record<string, string> =>
  (find(blocks, 'stage.json')?.settings.expressions ?? {}) as Record<string, string>

describe.each(Object.entries(folders))('what Alloy reads in %s', (_, files) => {
  it('is its syntax, of components that are known and joined to each other', () => {
    expect(alloyProblems(parseAlloy(together(files)))).toEqual([])
  })

  it('hands the trace ID on as structured metadata, and makes no label of it', () => {
    const blocks = parseAlloy(together(files))
    expect(find(blocks, 'stage.structured_metadata')?.settings).toEqual({ values: { trace_id: '', span_id: '', detected_level: '' } })
    const { trace_id: trace, span_id: span } = expressionsOf(blocks)
    expect(trace?.split(' || ')).toEqual(['trace_id', 'traceId', '"trace.id"', 'trace.id'])
    expect(span).toBe(trace?.replaceAll('trace', 'span'))
    expect(find(blocks, 'stage.labels')).toBeUndefined()
    expect(together(files)).not.toMatch(/target_label\s*=\s*"trace_id"/)
  })

  it('tells Loki the word of each of the numbers that are levels to pino', () => {
    const { detected_level: level = '' } = expressionsOf(parseAlloy(together(files)))
    const words = [...level.matchAll(/\(level == `(\d+)` && '(\w+)'\)/g)].map(([, number, word]) => [number, word])
    expect(Object.fromEntries(words)).toEqual(pino.levels.labels)
    // No word of ours where the line has one of its own, or none.
    expect(level.endsWith(' || `null`')).toBe(true)
  })

  it('waits for Loki without end', () => {
    expect(find(parseAlloy(together(files)), 'endpoint')?.settings.max_backoff_retries).toBe(0)
  })
})

it('each variable is set where Alloy runs', () => {
  const compose = Object.keys(readYaml('compose.yaml').services?.alloy?.environment ?? {})
  expect(compose).toEqual(expect.arrayContaining(variablesOf(together(folders['compose.yaml'])).map(({ name }) => name)))
})

describe('the checks see', () => {
  const text = together(folders['compose.yaml'])
  it.each([
    ['a component that is not there', 'loki.write.loki.receiver', 'loki.write.locky.receiver', /refers to loki\.write\.locky\.receiver/],
    ['a misspelt argument', 'max_backoff_retries', 'max_retries', /additional properties "max_retries"/],
    ['a misspelt stage', 'stage.structured_metadata', 'stage.structured_meta', /additional properties "stage.structured_meta"/],
    ['a component of no type that is known', 'loki.source.docker', 'loki.source.dockers', /unknown component/],
  ])('%s', (_, right, wrong, problem) => {
    expect(text).toContain(right)
    expect(alloyProblems(parseAlloy(text.replace(right, wrong))).join()).toMatch(problem)
  })

  it.each([
    ['a brace too few', /\}\s*$/, '', /the end/],
    ['a missing comma', '"",\n', '""\n', /expected ,/],
    ['an argument that stands twice', 'labels     = {}', 'labels = {}\nlabels = {}', /labels stands twice/],
  ])('%s', (_, right, wrong, problem) => {
    expect(() => parseAlloy(text.replace(right, wrong))).toThrow(problem)
  })
})
