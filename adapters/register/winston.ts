import type { Logger } from '../winston/mirror.js'
import { override } from '../winston/override.js'
import { tracedLog, tracedWrite } from '../winston/trace.js'

const brand = Symbol.for('spanlog.traced')

/**
 * Makes all loggers of a copy of winston trace-aware, whenever they were made: they write through the prototype, children through
 * the logger that they come from.
 */
export function traceWinstonCopy(prototype: object): void {
  if (Object.hasOwn(prototype, brand)) return
  Object.defineProperty(prototype, brand, { value: true })
  override(prototype, 'write', (write) => tracedWrite(write, prototype as Logger))
  override(prototype, 'log', tracedLog)
}
