import { inspect } from 'node:util'
import type { Span } from '@opentelemetry/api'
import { reportFault } from '../context/fault.js'
import { state } from '../context/state.js'
import { isSdkSpan, putEvents, type SdkSpan } from './events.js'
import type { Line } from './line.js'
import { mirroredOn, room } from './room.js'

const longest = 16_384

type Events = SdkSpan['events'] & { [inspect.custom]?: () => unknown }

/**
 * Keeps a line on a span unread, until somebody reads the span's events, if anybody does.
 *
 * @returns `false` where it has to be an event at once: the span is not the SDK's own, one of its limits is near, or the line is too
 *   long to be kept
 */
export function keepUnread(span: Span, line: Line): boolean {
  if (line.length > longest || !isSdkSpan(span)) return false
  const mirrored = mirroredOn(span)
  mirrored.unread ??= new UnreadLines(span)
  return mirrored.unread.keep(line)
}

/**
 * The lines of a span that are no events yet, and what stands before its array of events and puts them there:
 *
 *   processor, exporter -> span.events (a proxy, until the first look) -> read() -> the events themselves
 *
 * What a reader finds are the SDK's plain events, in the order in which they happened. The array is replaced, not made an
 * accessor: that would slow down all that is done with the span.
 */
export class UnreadLines implements ProxyHandler<Events> {
  readonly lines: Line[] = []
  readonly #span: Span & SdkSpan
  readonly #events: Events
  readonly #proxy: Events

  constructor(span: Span & SdkSpan) {
    this.#span = span
    this.#events = span.events
    // `inspect` shows what is behind a proxy without asking it.
    this.#events[inspect.custom] = () => this.#read()
    this.#proxy = span.events = new Proxy(span.events, this)
  }

  keep(line: Line): boolean {
    // Whatever they bring: a full span drops its oldest event, which is for the SDK to do and to count.
    const most = this.#events.length + room(this.#span) + this.lines.length
    if (most > (this.#span._spanLimits.eventCountLimit ?? Infinity)) return false
    line.keep()
    this.lines.push(line)
    return true
  }

  #read(): Events {
    const span = this.#span
    if (span.events === this.#proxy) {
      // oxlint-disable-next-line typescript/no-array-delete -- a symbol, no index
      delete this.#events[inspect.custom]
      span.events = this.#events
    }
    for (let line = this.lines.shift(); line !== undefined; line = this.lines.shift()) {
      try {
        const written = line.read()
        if (written === undefined) state.mirrorUnreadable++
        else putEvents(span, line.severity, written, line.at)
      } catch (error) {
        state.mirrorUnreadable++
        reportFault('a line could not be mirrored', error)
      }
    }
    const mirrored = mirroredOn(span)
    if (mirrored.unread === this) mirrored.unread = undefined
    return this.#events
  }

  get(_: Events, name: string | symbol): unknown {
    return Reflect.get(this.#read(), name)
  }

  set(_: Events, name: string | symbol, value: unknown): boolean {
    return Reflect.set(this.#read(), name, value)
  }

  has(_: Events, name: string | symbol): boolean {
    return Reflect.has(this.#read(), name)
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#read())
  }

  getOwnPropertyDescriptor(_: Events, name: string | symbol): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#read(), name)
  }
}
