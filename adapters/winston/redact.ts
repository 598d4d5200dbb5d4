import { reportFault } from '../../src/context/fault.js'
import { state } from '../../src/context/state.js'
import { isTraceField } from '../../src/fields/format.js'
import type { Redactor } from '../../src/redaction/redactor.js'
import type { Info } from './info.js'
import { override } from './override.js'

/*
 *   logger.write(info) -> format.transform -> logger.push(chunk) -> transport.format -> transport.log(output)
 *     looked at             puts together        looked at            puts together          looked at
 *
 * In a text that a layout has made there are no names: fields are looked at before it, and what it put together behind it.
 */

const messageKey = Symbol.for('message')
const splatKey = Symbol.for('splat')
const guarded = new WeakSet<object>()

/**
 * Sees to it that nothing leaves a logger without being looked at.
 *
 * @param layer - where the methods of the logger, and of those that share it, are overridden
 */
export function guardOutput(layer: object): void {
  if (guarded.has(layer)) return
  guarded.add(layer)
  override(layer, 'push', (push) => {
    return function (this: { transports?: Transport[] }, chunk: unknown, encoding: unknown) {
      for (const transport of this.transports ?? []) guardFormat(transport)
      return push.call(this, redacted(chunk), encoding)
    }
  })
}

/** Hides in an info, which is ours and of this line alone, what `configure({ redact })` names. Never throws. */
export function redactInfo(info: Info, redactor: Redactor): void {
  try {
    redactFields(info, redactor)
  } catch (error) {
    // It is looked at again when it leaves the logger.
    reportFault('a field of a line could not be redacted', error)
  }
}

interface Transport {
  format?: Format
}

interface Format {
  transform(info: unknown, options: unknown): unknown
}

/** One with a format of its own, which may put together or add what is to be hidden. Transports of others call it too, wherever they write. */
function guardFormat(transport: Transport): void {
  const { format } = transport
  if (!format || guarded.has(format)) return
  const value = (info: unknown, options: unknown): unknown => redacted(format.transform(info, options))
  transport.format = Object.create(format, { transform: { value } }) as Format
  guarded.add(transport.format)
}

/** The same object where it can be: a line is known again by it. */
function redacted(info: unknown): unknown {
  const { redact } = state.settings
  if (redact === undefined || typeof info !== 'object' || info === null) return info
  try {
    const target = Object.isFrozen(info) ? Object.assign({}, info) : info
    if (!Array.isArray(target)) redactFields(target as Info, redact.redactor)
    const text = (target as Info)[messageKey]
    if (typeof text === 'string') (target as Info)[messageKey] = redact.redactor.line(text, isTraceField)
    return target
  } catch (error) {
    reportFault('a line could not be redacted, and its text is hidden', error)
    return {
      level: (info as Info).level,
      [Symbol.for('level')]: (info as Info)[Symbol.for('level')],
      message: hidden,
      [messageKey]: hidden,
    }
  }
}

const hidden = '[REDACTED]'

function redactFields(info: Info, redactor: Redactor): void {
  for (const key of Reflect.ownKeys(info)) {
    if (key === 'level' || (typeof key === 'symbol' && key !== splatKey)) continue
    const value = info[key]
    if (typeof key === 'string' && typeof value === 'string' && isTraceField(key, JSON.stringify(value))) continue
    // The arguments of a placeholder have no names.
    const shown = redactor.value(typeof key === 'string' ? key : '', value)
    if (shown === value) continue
    const enumerable = Object.prototype.propertyIsEnumerable.call(info, key)
    Object.defineProperty(info, key, { value: shown, enumerable, writable: true, configurable: true })
  }
}
