import diagnostics from 'node:diagnostics_channel'
import { reportFault } from '../../src/context/fault.js'
import type { AsJson } from '../pino/internals.js'

type TraceSync = (fn: (...args: unknown[]) => unknown, context: object, thisArg: object, ...args: unknown[]) => unknown
interface Channel {
  start?: { name?: unknown }
  traceSync: TraceSync
}

/**
 * Finds each copy of pino from 9.10 on at the first line that it writes, also one inside a bundle, also where it was loaded before.
 *
 *   pino's asJson: channel.hasSubscribers? -- no --> builds the line
 *                        |
 *                       yes, so that the first line comes by: channel.traceSync(build, …, logger, …) --> `found`
 *
 * Each copy has a channel object of its own and asks it on each line. From its second line on it is answered as ever: a subscriber
 * to the channel, which would be the other way to find it, makes each line dearer, and cannot give the first its IDs.
 *
 * @param found - is given the logger of that line, and returns what builds the line instead, if anything does
 */
export function watchPinoChannel(found: (logger: object) => AsJson | undefined): void {
  const prototype = Object.getPrototypeOf(diagnostics.tracingChannel('spanlog')) as Channel
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'hasSubscribers')
  // oxlint-disable-next-line typescript/unbound-method -- called with the channel as its `this`
  const get = descriptor?.get
  if (get === undefined)
    return reportFault('this version of Node shows no diagnostics channels: pino inside a bundle is not made trace-aware')
  Object.defineProperty(prototype, 'hasSubscribers', {
    ...descriptor,
    get(this: Channel): unknown {
      if (this.start?.name !== 'tracing:pino_asJson:start') return get.call(this)
      awaitFirstLine(this, get, found)
      return true
    },
  })
}

function awaitFirstLine(channel: Channel, hasSubscribers: () => unknown, found: Parameters<typeof watchPinoChannel>[0]): void {
  Object.defineProperty(channel, 'hasSubscribers', { configurable: true, value: true })
  Object.defineProperty(channel, 'traceSync', {
    configurable: true,
    value: ((fn, context, logger, ...args) => {
      Object.defineProperty(channel, 'hasSubscribers', { configurable: true, get: hasSubscribers })
      Reflect.deleteProperty(channel, 'traceSync')
      let build: AsJson | undefined
      try {
        build = found(logger)
      } catch (error) {
        reportFault('a copy of pino could not be made trace-aware', error)
      }
      return build === undefined ? channel.traceSync(fn, context, logger, ...args) : Reflect.apply(build, logger, args)
    }) satisfies TraceSync,
  })
}
