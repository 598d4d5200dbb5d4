import type { InterceptingCall, Interceptor, Metadata, StatusObject } from '@grpc/grpc-js'
import { type Context, type Span, SpanKind } from '@opentelemetry/api'
import { activeContext, activeSpan, runIn } from '../../src/context/active.js'
import type { HostRule } from '../../src/context/hosts.js'
import { startSpan } from '../../src/context/span.js'
import { endSpan } from '../../src/context/watch.js'
import { rpcAttributes } from '../../src/semantics/calls.js'
import { guarded } from '../http/guarded.js'
import { propagationRule } from '../http/propagate-to.js'
import { carrying } from './metadata.js'
import { type ClientInterceptorOptions, ignoring } from './options.js'
import { endCall } from './status.js'
import { addressOf } from './target.js'

/** What the next interceptor, or grpc-js itself, takes a call by. */
type NextCall = ReturnType<Parameters<Interceptor>[1]>
type Listener = Exclude<Parameters<NextCall['start']>[1], undefined>

// On the call: two copies of the package, or the interceptor given twice, open one span.
const handled = Symbol.for('spanlog.grpc')

/**
 * Makes a client interceptor for `@grpc/grpc-js`: each call gets a client span, named by its method, and takes the trace along in
 * `traceparent` and `tracestate`. The span ends with the call's status; each but OK is an error. Callbacks and stream events run in the
 * trace of the caller, not in that of whoever opened the connection. The caller's metadata is never changed.
 *
 * Where OpenTelemetry's gRPC instrumentation has opened the call's span, that one is left alone, and no other is opened.
 *
 * @throws SpanlogError INVALID_OPTION. The interceptor itself throws only what grpc-js throws.
 * @example
 * ```ts
 * const orders = new shop.Orders('orders:50051', credentials, { interceptors: [clientInterceptor()] })
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export function clientInterceptor(options: ClientInterceptorOptions = {}): Interceptor {
  const ignored = ignoring('clientInterceptor', options, ['propagateTo'])
  const mayGoTo = propagationRule('clientInterceptor', { ...(options.propagateTo !== undefined && { propagateTo: options.propagateTo }) })
  return (callOptions, nextCall) => {
    const call = nextCall(callOptions)
    guarded('clientInterceptor: a call could not be traced', () => {
      const method = callOptions.method_definition.path.replace(/^\//, '')
      if (!(handled in call || ignored(method) || isTheirs(activeSpan(), method))) follow(call, method, mayGoTo)
    })
    // grpc-js asks of an interceptor's call for its methods only, and so it may stay the one that it is.
    return call as InterceptingCall
  }
}

/** The span that OpenTelemetry's instrumentation has opened for this very call, of which it says the method. */
function isTheirs(span: Span | undefined, method: string): boolean {
  if (!span?.isRecording() || !('kind' in span) || span.kind !== SpanKind.CLIENT || !('attributes' in span)) return false
  const attributes = span.attributes as Record<string, unknown>
  // The instrumentation still has service and method apart.
  return [attributes['rpc.method'], `${String(attributes['rpc.service'])}/${String(attributes['rpc.method'])}`].includes(method)
}

function follow(call: NextCall, method: string, mayGoTo: HostRule): void {
  const caller = activeContext()
  const start = call.start.bind(call)
  Object.defineProperty(call, handled, { value: true })
  call.start = (metadata: Metadata, listener: Listener = {}) => {
    // Before it starts, the peer of a call is its channel's target.
    const target = guarded('the target of a call could not be read', () => addressOf(call.getPeer())) ?? { host: '' }
    const { span, context } = startSpan(method, { kind: 'client', attributes: rpcAttributes({ system: 'grpc', method, ...target }) })
    const carried = guarded('the metadata of a call could not be written', () =>
      mayGoTo(target.host, target.port) ? carrying(metadata, context) : metadata,
    )
    const over = (status: StatusObject): void => endCall(span, 'client', method, status)
    try {
      runIn(context, () => start(carried ?? metadata, listening(listener, caller, over)))
    } catch (error) {
      endSpan(span, true)
      throw error
    }
  }
}

/** grpc-js calls from the connection, which is of another call, or of none. */
function listening(listener: Listener, caller: Context, over: (status: StatusObject) => void): Listener {
  return {
    onReceiveMetadata: (metadata) => runIn(caller, () => listener.onReceiveMetadata?.(metadata)),
    onReceiveMessage: (message) => runIn(caller, () => listener.onReceiveMessage?.(message)),
    onReceiveStatus: (status) => {
      over(status)
      runIn(caller, () => listener.onReceiveStatus?.(status))
    },
  }
}
