import { type Fault, send } from '../faults.js'

interface StreamsBody {
  data: { result: { values: unknown[] }[]; stats?: unknown }
}

/** Changes the answer to a log query; others pass. */
export function changed(change: (body: StreamsBody) => void): Fault {
  return (response, honest) => {
    if (honest.status !== 200 || !honest.body.includes('"resultType":"streams"')) return send(response, honest)
    const body = JSON.parse(honest.body) as StreamsBody
    change(body)
    send(response, { ...honest, body: JSON.stringify(body) })
  }
}

export const withoutStatistics = changed(({ data }) => {
  delete data.stats
})

/** Some entries are missing although they match (grafana/loki #19133); the statistics show that more did. */
export function shortPage(keep: (index: number) => boolean): Fault {
  return changed(({ data }) => {
    let index = 0
    for (const stream of data.result) stream.values = stream.values.filter(() => keep(index++))
    data.result = data.result.filter(({ values }) => values.length > 0)
  })
}
