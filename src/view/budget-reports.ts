import type { BudgetReport, BudgetResult } from '../analysis/index.js'
import { count } from './count.js'
import { msText } from './terminal/figures.js'

/**
 * The report as JUnit's XML, which CI systems read: a test case a limit.
 *
 * @see https://github.com/testmoapp/junitxml for the parts that they agree on
 */
export function budgetsAsJUnit({ results }: BudgetReport): string {
  const failures = results.filter(({ outcome }) => outcome !== 'kept').length
  const head = `tests="${results.length}" failures="${failures}"`
  const cases = results.map((result) => {
    const { limit, outcome, service = 'all services' } = result
    const open = `    <testcase classname="${xml(service)}" name="${xml(`${operationOf(result)}: ${limit}`)}"`
    if (outcome === 'kept') return `${open}/>`
    return `${open}>\n      <failure type="${outcome}" message="${xml(sentenceOf(result))}"/>\n    </testcase>`
  })
  const suite = [`  <testsuite name="budgets" ${head}>`, ...cases, '  </testsuite>']
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="spanlog" ${head}>`, ...suite, '</testsuites>', ''].join('\n')
}

/** The report as Markdown, for the summary of a CI job or the comment on a change. */
export function budgetsAsMarkdown({ passed, results, traces }: BudgetReport): string {
  const rows = results.map((result) => {
    const { limit, outcome, actual, allowed, sample, service = '', traceId = '' } = result
    const cells = [
      marks[outcome],
      service,
      operationOf(result),
      limit,
      figure(limit, actual),
      figure(limit, allowed),
      String(sample),
      traceId,
    ]
    return `| ${cells.map(markdown).join(' | ')} |`
  })
  const kept = results.filter(({ outcome }) => outcome === 'kept').length
  return [
    `**Budgets ${passed ? 'kept' : 'broken'}**: ${kept} of ${count(results.length, 'limit')}, over ${count(traces, 'trace')}.`,
    '',
    '| | service | operation | limit | actual | allowed | sample | trace |',
    '| --- | --- | --- | --- | ---: | ---: | ---: | --- |',
    ...rows,
    '',
  ].join('\n')
}

/** One line a limit, for a terminal; the text is not escaped. */
export function sentenceOf(result: BudgetResult): string {
  const { limit, outcome, actual, allowed, sample, service, traceId } = result
  if (limit === 'silentMs') return silenceOf(result)
  const who = [service, operationOf(result)].filter((part) => part !== undefined).join(' ')
  if (limit === 'the baseline') return `${who}: a regression is limited, and there is no baseline to hold it to`
  if (outcome === 'no-data') return `${who}: no data for ${limit} (${count(sample, 'call')})`
  const bound = limit === 'qualityScore' ? 'at least' : 'at most'
  const of = `${figure(limit, actual)}, ${bound} ${figure(limit, allowed)} allowed, of ${sample}`
  return `${who}: ${limit} is ${of}${traceId === undefined ? '' : `; see ${traceId}`}`
}

function silenceOf({ service, outcome, actual = 0, allowed }: BudgetResult): string {
  const said = outcome === 'kept' ? 'sends spans again, the last one' : 'has sent no span for'
  return `${service} ${said} ${msText(actual)}${outcome === 'kept' ? ' ago' : ''}, at most ${msText(allowed)} allowed`
}

const marks = { kept: 'kept', broken: '**broken**', 'no-data': '**no data**' }

/** What a limit holds for, beside its service. */
export function operationOf({ name, kind, service }: BudgetResult): string {
  if (name !== undefined) return kind === undefined ? name : `${name} (${kind})`
  return kind ?? (service === undefined ? 'all traces' : 'any operation')
}

/** A figure of a limit in its unit. */
export function figure(limit: string, value: number | undefined): string {
  if (value === undefined) return ''
  const rounded = Number(value.toPrecision(4))
  if (/Ms\b/.test(limit)) return `${rounded} ms`
  return limit.startsWith('errorShare') ? `${Number((value * 100).toPrecision(3))} %` : String(rounded)
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;', '\t': '&#9;' }

/** XML 1.0 has no place at all for most control characters and for lone surrogates: they become U+FFFD. */
function xml(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[&<>"\n\t]|[\u0000-\u001f\ufffe\uffff]|\p{Cs}/gu, (character) => entities[character] ?? '\ufffd')
}

/** A name of a span is a stranger's: it must not end the cell, nor be markup. The marks are our own. */
function markdown(text: string): string {
  if (Object.values(marks).includes(text)) return text
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~&!]/g, (character) => `&#${character.codePointAt(0)};`)
}
