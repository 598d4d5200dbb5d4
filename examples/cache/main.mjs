// Why was the second request faster? Its cache hit, and the comparison of the two traces says so.
import { withSpan } from 'spanlog'
import { compareTraces } from 'spanlog/analysis'
import { traceCache } from 'spanlog/cache'
import { recordTelemetry } from 'spanlog/testing'

const telemetry = recordTelemetry()
const prices = traceCache(new Map(), { name: 'prices' })

async function price(article) {
  const known = prices.get(article)
  if (known !== undefined) return known
  const loaded = await withSpan('load price', () => new Promise((resolve) => setTimeout(resolve, 20, 42)))
  prices.set(article, loaded)
  return loaded
}

async function traceOf(fn) {
  telemetry.reset()
  await withSpan('show price', fn)
  const spans = telemetry.spans()
  return { traceId: spans[0].traceId, spans }
}

const first = await traceOf(() => price('lamp'))
const second = await traceOf(() => price('lamp'))
for (const { kind, name } of compareTraces(first, second).changes) console.log(kind, name)
