import type { Metadata, ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js'
import type { Context } from '@opentelemetry/api'
import { runIn } from '../../src/context/active.js'
import { startSpan } from '../../src/context/span.js'
import type { IncomingPolicy } from '../../src/context/trust.js'
import { extractTrace } from '../../src/context/wire.js'
import { rpcAttributes } from '../../src/semantics/calls.js'
import { guarded } from '../http/guarded.js'
import { checkIncoming, placeOf } from '../incoming.js'
import { carrierOf } from './metadata.js'
import { ignoring, type ServerInterceptorOptions } from './options.js'
import { type CallStatus, cancelled, endCall } from './status.js'

type Call = Parameters<ServerInterceptor>[1]

// On the call: two copies of the package, or the interceptor given twice, open one span.
const handled = Symbol.for('spanlog.grpc')

/**
 * Makes a server interceptor for `@grpc/grpc-js`: each call continues the trace of its metadata, or begins one, and gets a server span,
 * named by its method. Handlers, their callbacks and the events of their streams run in it, `cancelled` included. It ends with the status
 * that is sent, or with the client's cancelling; what the client did wrong (`NOT_FOUND`, `CANCELLED`, …) is no error of the server's span.
 * Give it first, and it sees what the others answer, and what grpc-js answers by itself.
 *
 * Where OpenTelemetry's gRPC instrumentation has wrapped the handler, the span is its own, and no other is opened.
 *
 * @throws SpanlogError INVALID_OPTION. The interceptor itself throws only what grpc-js throws.
 * @example
 * ```ts
 * const server = new Server({ interceptors: [serverInterceptor({ ignore: (method) => method.startsWith('grpc.health.') })] })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export function serverInterceptor(options: ServerInterceptorOptions = {}): ServerInterceptor {
  const ignored = ignoring('serverInterceptor', options, ['incoming'])
  checkIncoming(options.incoming)
  return (definition, call) => {
    guarded('serverInterceptor: a call could not be traced', () => {
      const method = definition.path.replace(/^\//, '')
      if (!(handled in call || ignored(method) || isTheirs(call))) follow(call, method, options.incoming)
    })
    // grpc-js asks of an interceptor's call for its methods only, and so it may stay the one that it is.
    return call as ServerInterceptingCall
  }
}

/** What is read of grpc-js's own calls, beyond their interface. */
interface CallInternals {
  /** Of a call that another interceptor made: the one that it was made around. */
  nextCall?: CallInternals
  handler?: { func?: { __wrapped?: boolean } }
}

/** The instrumentation wraps each handler as it is registered, and marks what it wraps; its span comes after all interceptors. */
function isTheirs(call: Call): boolean {
  let inner = call as CallInternals
  while (inner.nextCall !== undefined) inner = inner.nextCall
  return inner.handler?.func?.__wrapped === true
}

function follow(call: Call, method: string, policy: IncomingPolicy | undefined): void {
  const start = call.start.bind(call)
  const sendStatus = call.sendStatus.bind(call)
  Object.defineProperty(call, handled, { value: true })
  let served: Served | undefined
  const run = (fn: () => void): void => (served === undefined ? fn() : runIn(served.context, fn))
  call.start = (listener) =>
    start({
      onReceiveMetadata(metadata) {
        served = begin(method, metadata, policy)
        run(() => listener.onReceiveMetadata(metadata))
      },
      onReceiveMessage: (message) => run(() => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => run(() => listener.onReceiveHalfClose()),
      onCancel() {
        run(() => listener.onCancel())
        served?.end(cancelled)
      },
    })
  // grpc-js ends a call by this method of its own too: past the deadline, or where a message cannot be read or written.
  call.sendStatus = (status) => {
    served?.end({ code: status.code ?? 2, details: status.details ?? '' })
    sendStatus(status)
  }
}

interface Served {
  context: Context
  /** Once. */
  end(status: CallStatus): void
}

function begin(method: string, metadata: Metadata, policy: IncomingPolicy | undefined): Served {
  const carrier = guarded('the metadata of a call could not be read', () => carrierOf(metadata))
  const attributes = rpcAttributes({ system: 'grpc', method })
  const { span, context } = startSpan(method, { kind: 'server', attributes, ...placeOf(extractTrace(carrier), policy) })
  let ended = false
  return {
    context,
    end(status) {
      if (ended) return
      ended = true
      endCall(span, 'server', method, status)
    },
  }
}
