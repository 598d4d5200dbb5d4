/**
 * Instructions of WebAssembly as their bytes, each with its operands before it, so that they nest as in the text format:
 * `add(get(0), int(4))` is `(i32.add (local.get 0) (i32.const 4))`. All values are 32-bit integers.
 *
 * https://webassembly.github.io/spec/core/binary/
 */
export type Code = readonly number[]

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)]
export const int = (value: number): Code => [0x41, ...signed(value)]
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a]
export const multiply = (a: Code, b: Code): Code => [...a, ...b, 0x6c]
export const or = (a: Code, b: Code): Code => [...a, ...b, 0x72]
/** Zeros come in. */
export const shiftRight = (a: Code, bits: Code): Code => [...a, ...bits, 0x76]
export const greater = (a: Code, b: Code): Code => [...a, ...b, 0x4a]
/** What stands `offset` behind an address that is a multiple of four. */
export const loadWord = (address: Code, offset: number): Code => [...address, 0x28, 2, ...unsigned(offset)]
export const loadByte = (address: Code): Code => [...address, 0x2d, 0, 0]
export const giveBack = (value: Code): Code => [...value, 0x0f]
export const when = (condition: Code, then: Code): Code => [...condition, 0x04, nothing, ...then, 0x0b]
/** Again and again; `leaveIf` directly in it ends it. */
export const forever = (...body: Code[]): Code => [0x02, nothing, 0x03, nothing, ...body.flat(), 0x0c, 0, 0x0b, 0x0b]
export const leaveIf = (condition: Code): Code => [...condition, 0x0d, 1]

const nothing = 0x40
const i32 = 0x7f
/** And the version. */
const magic: Code = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** A module whose memory is imported as `memory.bytes` and whose one function is exported as `run`. */
export function moduleBytes(parameters: number, locals: number, body: Code): Uint8Array {
  const code = [...vector(locals === 0 ? [] : [[...unsigned(locals), i32]]), ...body, 0x0b]
  return Uint8Array.from([
    ...magic,
    ...section(1, [[0x60, ...vector(Array.from({ length: parameters }, () => [i32])), ...vector([[i32]])]]),
    ...section(2, [[...text('memory'), ...text('bytes'), 2, 0, 0]]),
    ...section(3, [[0]]),
    ...section(7, [[...text('run'), 0, 0]]),
    ...section(10, [[...unsigned(code.length), ...code]]),
  ])
}

function section(id: number, items: readonly Code[]): Code {
  const content = vector(items)
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function text(name: string): Code {
  return vector([...Buffer.from(name)].map((byte) => [byte]))
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): Code {
  const isLast = value >= -0x40 && value < 0x40
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
