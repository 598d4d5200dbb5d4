import { describe, expect, it } from 'vitest'
import { type Data, list, missing, read, readYaml, scalar, stackFiles, variablesOf } from '../../support/stack/files.js'
import { interpolate, syntaxError } from '../../support/stack/grammar.js'
import { recorded, unknownIn } from '../../support/stack/metrics.js'
import { flag, keys, listOf, number, oneOf, schemaProblems, text } from '../../support/stack/schema.js'

const sources = list(readYaml('grafana/provisioning/datasources/stack.yaml').datasources)
const boards = stackFiles().filter((file) => file.startsWith('grafana/dashboards/'))
const source = (uid: string): Data => sources.find((one) => scalar(one.uid) === uid) ?? {}
/** Provisioning files write `$$` for Grafana's own `$`. */
const own = (query: unknown): string => scalar(query).replaceAll('$$', '$')
const shift = { type: 'string', pattern: '^-?\\d+[smh]$' }
const tags = listOf(keys({ 'key!': text, value: text }))

/** The settings of the three kinds of data sources, as Grafana's documentation of provisioning names them. */
const settings = {
  loki: keys({
    maxLines: number,
    derivedFields: listOf(
      keys({
        'name!': text,
        matcherType: oneOf('label', 'regex'),
        'matcherRegex!': text,
        'url!': text,
        'datasourceUid!': text,
        urlDisplayLabel: text,
      }),
    ),
  }),
  tempo: keys({
    'tracesToLogsV2!': keys({
      'datasourceUid!': text,
      spanStartTimeShift: shift,
      spanEndTimeShift: shift,
      'tags!': tags,
      filterByTraceID: flag,
      filterBySpanID: flag,
      'customQuery!': flag,
      'query!': text,
    }),
    'tracesToMetrics!': keys({
      'datasourceUid!': text,
      spanStartTimeShift: shift,
      spanEndTimeShift: shift,
      'tags!': tags,
      'queries!': listOf(keys({ 'name!': text, 'query!': text })),
    }),
    'serviceMap!': keys({ 'datasourceUid!': text }),
    nodeGraph: keys({ 'enabled!': flag }),
    search: keys({ hide: flag }),
  }),
  prometheus: keys({
    httpMethod: oneOf('GET', 'POST'),
    timeInterval: text,
    manageAlerts: flag,
    'exemplarTraceIdDestinations!': listOf(keys({ 'name!': text, 'datasourceUid!': text, urlDisplayLabel: text })),
  }),
}

describe('the data sources', () => {
  it.each(['loki', 'tempo', 'prometheus'] as const)('%s: each setting is one that Grafana knows', (uid) => {
    expect(schemaProblems(settings[uid], source(uid).jsonData)).toEqual([])
  })

  it('refer to each other by names that exist', () => {
    const known = sources.map(({ uid }) => uid)
    const named = JSON.stringify(sources).matchAll(/"datasourceUid":"([^"]*)"/g)
    expect(
      missing(
        [...named].map(([, uid]) => uid),
        known,
      ),
    ).toEqual([])
  })

  it('find their servers by variables that compose.yaml sets', () => {
    const set = Object.keys(readYaml('compose.yaml').services?.grafana?.environment ?? {})
    expect(set).toEqual(expect.arrayContaining(variablesOf(read('grafana/provisioning/datasources/stack.yaml')).map(({ name }) => name)))
  })

  it('a line leads to its trace by structured metadata, and by its text', () => {
    const [metadata, line] = list(source('loki').jsonData?.derivedFields)
    expect(metadata).toMatchObject({ matcherType: 'label', matcherRegex: 'trace_id', datasourceUid: 'tempo', url: '$${__value.raw}' })
    const pattern = new RegExp(scalar(line?.matcherRegex))
    const id = '0af7651916cd43dd8448eb211c80319c'
    expect(pattern.exec(`{"level":30,"trace_id":"${id}","msg":"x"}`)?.[1]).toBe(id)
    expect(pattern.exec(`{"traceId": "${id}"}`)?.[1]).toBe(id)
    expect(pattern.exec(`{"parent_id":"${id}"}`)).toBeNull()
  })

  it('a span leads to the lines that carry its trace ID as structured metadata', () => {
    const { query } = source('tempo').jsonData?.tracesToLogsV2 ?? {}
    expect(interpolate(own(query))).toBe('{service_name="orders"} | trace_id="0af7651916cd43dd8448eb211c80319c"')
    expect(syntaxError('logql', interpolate(own(query)))).toBeUndefined()
  })

  it('a span leads to the rates of its service', () => {
    const queries = (source('tempo').jsonData?.tracesToMetrics?.queries ?? []) as Data[]
    expect(queries).toHaveLength(3)
    for (const { query } of queries) {
      expect(syntaxError('promql', interpolate(own(query)))).toBeUndefined()
      expect(unknownIn(interpolate(own(query)))).toEqual([])
    }
  })

  it('an exemplar leads to its trace', () => {
    expect(source('prometheus').jsonData?.exemplarTraceIdDestinations).toMatchObject([{ name: 'trace_id', datasourceUid: 'tempo' }])
    expect(recorded.exemplars.traces_span_metrics_duration_seconds_bucket).toContain('trace_id')
  })
})

describe.each(boards)('%s', (file) => {
  const board = JSON.parse(read(file)) as Data
  const panels = list(board.panels)
  const targets = panels.flatMap(({ title, targets: queries }) => list(queries).map((target) => [scalar(title), target] as const))
  const titled = (title: string) => panels.find((panel) => (panel.title as unknown) === title)

  it('asks data sources that are provisioned', () => {
    const asked = [...JSON.stringify(board).matchAll(/"datasource":\{"type":"(\w+)","uid":"(\w+)"\}/g)].map(([, type, uid]) => ({
      type,
      uid,
    }))
    expect(asked.length).toBeGreaterThan(panels.length)
    expect(asked.filter(({ type, uid }) => (source(uid ?? '').type as unknown) !== type)).toEqual([])
  })

  it.each(targets)('%s: each query is of its grammar', (_, target) => {
    const type = target.datasource?.type as unknown as string
    const query = interpolate(scalar(target.expr ?? target.query ?? target.serviceMapQuery))
    if (type === 'tempo' && (target.queryType as unknown) === 'serviceMap') expect(query).toBe('')
    else expect(syntaxError(({ prometheus: 'promql', loki: 'logql', tempo: 'traceql' } as const)[type as 'loki'], query)).toBeUndefined()
  })

  it('has numbers of its own for its panels, which do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos as unknown as Record<'x' | 'y' | 'w' | 'h', number>
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
  })

  it('shows rate, errors, latency, failed traces and lines without IDs', () => {
    expect(panels.map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Requests a second', 'Share of errors', 'Latency', 'Failed traces', 'Lines without a trace ID']),
    )
  })

  it('p95 has exemplars, and each of its points opens Tempo at the traces that are slower', () => {
    const latency = titled('Latency') as Data
    expect(list(latency.targets).map(({ legendFormat, exemplar }) => [legendFormat, exemplar])).toEqual([
      ['p50', false],
      ['p95', true],
      ['p99', false],
    ])
    const [link] = list(latency.fieldConfig?.overrides?.[0]?.properties?.[0]?.value)
    const url = scalar(link?.url)
    const panes = new URLSearchParams(url.split('?')[1]).get('panes') ?? ''
    const { datasource, queries, range } = (JSON.parse(panes) as { tempo: Data }).tempo
    expect(source(scalar(datasource)).type).toBe('tempo')
    expect(range).toEqual({ from: '${__from}', to: '${__to}' })
    const query = interpolate(scalar(queries?.[0]?.query))
    expect(query).toBe('{ resource.service.name = "orders" && kind = server && duration > 0.38749999999999996s }')
    expect(syntaxError('traceql', query)).toBeUndefined()
  })

  it('asks for no metric, label or value that the Collector does not make', () => {
    const queries = targets.flatMap(([, { datasource, expr }]) =>
      scalar(datasource?.type) === 'prometheus' ? interpolate(scalar(expr)) : [],
    )
    const variable = /^label_values\((.*), (\w+)\)$/.exec(scalar(list(board.templating?.list)[0]?.query?.query)) ?? []
    expect([...queries, `sum by (${variable[2]}) (${variable[1]})`].flatMap((query) => unknownIn(query))).toEqual([])
  })

  // An exemplar's value is how long the request took: among shares and rates it would be a dot at random.
  it('shows exemplars where seconds are drawn, and nowhere else', () => {
    const withExemplars = targets.filter(([, target]) => (target.exemplar as unknown) === true)
    expect(withExemplars.map(([title]) => title)).toEqual(['Latency'])
    for (const [, target] of withExemplars) expect(scalar(target.expr)).toContain('traces_span_metrics_duration_seconds_bucket')
  })

  // Loki 3.7.6 names no level by pino's numbers: what it makes of such a line is "unknown".
  it.each([
    ['30', false],
    ['40', true],
    ['50', true],
    ['60', true],
  ])('takes a line of level %s for a warning or an error: %s', (level, taken) => {
    const [, numbers = ''] = /or level=~"([^"]+)"/.exec(scalar(list((titled('Warnings and errors') as Data).targets)[0]?.expr)) ?? []
    expect(new RegExp(`^(?:${numbers})$`).test(level)).toBe(taken)
  })
})

it('dashboards are read from the folder that compose.yaml mounts', () => {
  const folder = readYaml('grafana/provisioning/dashboards/stack.yaml').providers?.[0]?.options?.path as unknown as string
  expect(JSON.stringify(readYaml('compose.yaml').services?.grafana?.volumes)).toContain(`./grafana/dashboards:${folder}:ro`)
})

describe('the grammars see', () => {
  it.each([
    ['logql', '{service_name="orders" | trace_id="x"'],
    ['promql', 'sum(rate(traces_span_metrics_calls_total{service_name="orders"}[5m])'],
    ['traceql', '{ resource.service.name = "orders" && duration > }'],
  ] as const)('what is no %s', (language, query) => {
    expect(syntaxError(language, query)).toContain(language)
  })
})
