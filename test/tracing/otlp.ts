import { readFileSync } from 'node:fs'

export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  startTimeUnixNano: string
  attributes: { key: string; value: Record<string, unknown> }[]
}
export interface TracesData {
  resourceSpans: { resource: { attributes: { key: string; value: Record<string, unknown> }[] }; scopeSpans: { spans: OtlpSpan[] }[] }[]
}

/** Every line must be one whole TracesData. */
export function readTraces(file: string): TracesData[] {
  const text = readFileSync(file, 'utf8')
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is torn')
  return (
    text
      .split('\n')
      .slice(0, -1)
      // Who opens a file while another process is in the middle of an append takes the line for torn, and begins with a line break.
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as TracesData)
  )
}

export function spansOf(data: readonly TracesData[]): OtlpSpan[] {
  return data.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
}

export function resourceOf([first]: readonly TracesData[]): Record<string, unknown> {
  const attributes = first?.resourceSpans[0]?.resource.attributes ?? []
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
