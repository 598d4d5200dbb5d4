import { createContextKey } from '@opentelemetry/api'
import { activeContext, runIn } from '../src/context/active.js'

const suppressKey = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Runs `fn` where tracers open no span and propagators write nothing; `@opentelemetry/core` names the key. */
export function withoutTracing<T>(fn: () => T): T {
  return runIn(activeContext().setValue(suppressKey, true), fn)
}

/** Calls what is wrapped so that an OpenTelemetry instrumentation of it opens no second span beside ours: it marks what it patched. */
export function insteadOfOthers<T>(original: unknown, fn: () => T): T {
  return (original as { __wrapped?: unknown }).__wrapped === true ? withoutTracing(fn) : fn()
}

/** Puts a method of ours before that of an object's class: not enumerable, and open to others that wrap it in turn. */
export function override(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** Marks a client as traced; false where it was, also by another copy of the package. */
export function claim(client: object, mark: symbol): boolean {
  if (mark in client) return false
  Object.defineProperty(client, mark, { value: true })
  return true
}
