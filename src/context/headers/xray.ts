import { isSpanId, isTraceId } from '../ids.js'
import { SAMPLED } from '../traceparent.js'
import { type HeaderFormat, single } from './format.js'

const header = 'x-amzn-trace-id'

/**
 * AWS X-Ray: `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`, in any order and beside other members.
 * A load balancer sends a `Root` alone, which names no span to go on from.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export const xray: HeaderFormat = {
  fields: [header],
  read(valuesOf) {
    const value = single(valuesOf(header))
    if (!value) return undefined
    const members = value.split(';').map((member) => member.trim())
    const { Root, Parent = '', Sampled } = Object.fromEntries(members.map((member) => member.split('=', 2))) as Record<string, string>
    const keys = members.map((member) => member.split('=', 1)[0])
    if (['Root', 'Parent', 'Sampled'].some((key) => keys.indexOf(key) !== keys.lastIndexOf(key))) return undefined
    const [, time = '', unique = ''] = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(Root ?? '') ?? []
    // `?` leaves the decision to whoever is asked.
    if (!isTraceId(time + unique) || !isSpanId(Parent) || (Sampled !== undefined && !/^[01?]$/.test(Sampled))) return undefined
    return { traceId: time + unique, spanId: Parent, traceFlags: Sampled === '1' ? SAMPLED : 0 }
  },
  write: ({ traceId, spanId, traceFlags }) => ({
    [header]: `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${spanId};Sampled=${traceFlags & SAMPLED}`,
  }),
}
