import type { Attributes } from '@opentelemetry/api'
import type { Carrier } from '../../src/context/carrier.js'

/** Writes the trace into headers, in place of what stood there, and returns the same headers. */
export type Inject = <C extends Carrier>(headers: C) => C

/** What is read of a message that came. */
export interface Received {
  /** Its headers. */
  carrier: Carrier | undefined
  /** Where it was sent to, where it says so. */
  destination?: string | undefined
  id?: string | undefined
  conversationId?: string | undefined
  attributes?: Attributes | undefined
}

/** How the messages of one system carry headers. What comes from outside may be anything: what cannot be read may throw. */
export interface Shape {
  /** What the system calls publishing. */
  operation: string
  /** Whether destinations are few, as topics and queues are, and may stand in a span's name. */
  fewDestinations: boolean
  /** Whether OpenTelemetry has an instrumentation of its clients, which would open a span for each publishing beside ours. */
  instrumented: boolean
  /** The headers of what is to be published. */
  headersOf(outgoing: object): Carrier | undefined
  /** A copy of what is to be published, with the trace in its headers. */
  carry(outgoing: object, inject: Inject): object
  /** What the arguments of a consumer's handler bring; `undefined` where that is no message. */
  receive(args: readonly unknown[]): Received | undefined
}

export type Fields = Readonly<Record<string, unknown>>

/** An object, to read any field of. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined
}

/** A text, or a number, as a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
