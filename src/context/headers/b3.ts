import { isSpanId, isTraceId } from '../ids.js'
import { SAMPLED } from '../traceparent.js'
import { type HeaderFormat, type NamedTrace, single } from './format.js'

const multiple = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags', 'x-b3-parentspanid'] as const
const singleHeader = /^((?:[0-9a-f]{16}){1,2})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/

/**
 * B3 in one header or in several: either is read, the one header first, as its specification has it.
 *
 * @see https://github.com/openzipkin/b3-propagation
 */
export const b3: HeaderFormat = {
  fields: ['b3', ...multiple],
  read,
  write: ({ traceId, spanId, traceFlags }) => ({ b3: `${traceId}-${spanId}-${traceFlags & SAMPLED}` }),
}

export const b3multi: HeaderFormat = {
  fields: ['b3', ...multiple],
  read,
  write: ({ traceId, spanId, traceFlags }) => ({
    'x-b3-traceid': traceId,
    'x-b3-spanid': spanId,
    'x-b3-sampled': String(traceFlags & SAMPLED),
    // Of whoever called us: they would contradict what is written now.
    'x-b3-flags': undefined,
    'x-b3-parentspanid': undefined,
  }),
}

function read(valuesOf: (name: string) => readonly string[]): NamedTrace | undefined {
  const whole = single(valuesOf('b3'))
  if (whole === null) return undefined
  if (whole !== undefined) {
    const [, traceId = '', spanId = '', sampled] = singleHeader.exec(whole) ?? []
    return named(traceId, spanId, sampled === '1' || sampled === 'd')
  }
  const [traceId, spanId, sampled, flags] = multiple.map((name) => single(valuesOf(name)))
  if (!traceId || !spanId || !/^(?:[0-9a-f]{16}){1,2}$/.test(traceId)) return undefined
  // `true` and `false` are of before the specification, and still sent.
  if (sampled !== undefined && !(sampled !== null && /^(?:[01]|true|false)$/.test(sampled))) return undefined
  return named(traceId, spanId, flags === '1' || sampled === '1' || sampled === 'true')
}

function named(traceId: string, spanId: string, sampled: boolean): NamedTrace | undefined {
  const padded = traceId.padStart(32, '0')
  return isTraceId(padded) && isSpanId(spanId) ? { traceId: padded, spanId, traceFlags: sampled ? SAMPLED : 0 } : undefined
}
