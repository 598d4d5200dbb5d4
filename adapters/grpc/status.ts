import { type Span, SpanStatusCode } from '@opentelemetry/api'
import { isStatusUnset } from '../../src/context/span-failure.js'
import { endSpan } from '../../src/context/watch.js'
import { rpcAttributes } from '../../src/semantics/calls.js'
import { grpcCodes } from '../../src/semantics/grpc-codes.js'
import { guarded } from '../http/guarded.js'

/** As they come with a call's end, in grpc-js's own objects. */
export interface CallStatus {
  code: number
  details: string
}

export const cancelled: CallStatus = { code: 1, details: 'the client cancelled the call, or went away' }

/** What is the server's own fault; to a client each status but OK is an error. */
const serverFaults = new Set(['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'])

/**
 * Ends the span of a call.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export function endCall(span: Span, side: 'client' | 'server', method: string, { code, details }: CallStatus): void {
  const status = grpcCodes[code] ?? String(code)
  const failed = side === 'client' ? code !== 0 : serverFaults.has(status)
  guarded('the span of a gRPC call could not be described', () => {
    span.setAttributes(rpcAttributes({ system: 'grpc', method, status, failed }))
    if (failed && isStatusUnset(span)) span.setStatus({ code: SpanStatusCode.ERROR, ...(details && { message: details }) })
  })
  endSpan(span, failed)
}
