import {
  add,
  forever,
  get,
  giveBack,
  greater,
  int,
  leaveIf,
  loadByte,
  loadWord,
  moduleBytes,
  multiply,
  or,
  set,
  shiftRight,
  when,
} from './wasm.js'

/** A word is four bytes at an address that is a multiple of four. */
export const wordBytes = 4
/** One word in a thousand looks like one that is looked for and is none. */
const tableBits = 16
/** Knuth's: the golden ratio of 2^32. */
const spread = 0x9e3779b1 | 0

/** Of a table that tells for each slot whether a word that is looked for has it. */
export const tableBytes = 1 << tableBits

export function slotOf(word: number): number {
  return Math.imul(word, spread) >>> (32 - tableBits)
}

/**
 * The first word whose slot is marked in the table, of those at `from`, `from + stride` … up to `last`; -1 where there is none. All are
 * counted in words.
 */
export type NextMarked = (from: number, last: number, stride: number, table: Uint8Array) => number

/** Of `WebAssembly` what is used. */
interface Runtime {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: { run: (from: number, last: number) => number } }
}
// A node that must not compile (`--jitless`) has none.
const { WebAssembly: runtime } = globalThis as unknown as { WebAssembly?: Runtime }

const samplers = new WeakMap<ArrayBufferLike, NextMarked>()
/** By stride. */
const modules = new Map<number, object>()
/** That of a trace ID. */
const usualStride = 4
const pageBytes = 1 << 16

/**
 * Memory that `samplerIn` knows; its first `tableBytes` are not to be written to.
 *
 * @returns undefined where there is no WebAssembly, or not the 10 GB of addresses that V8 sets aside for each of its memories
 */
export function sampledMemory(bytes: number): ArrayBuffer | undefined {
  if (runtime === undefined) return undefined
  try {
    moduleFor(runtime, usualStride)
    const memory = new runtime.Memory({ initial: Math.ceil((tableBytes + bytes) / pageBytes) })
    samplers.set(memory.buffer, samplerOf(runtime, memory))
    return memory.buffer
  } catch {
    return undefined
  }
}

/**
 * Samples a memory with WebAssembly: in half the time that JavaScript takes for the same, since no address is checked, and since the loop
 * is compiled for itself; V8 puts one in JavaScript into its callers, where it is slower.
 */
export function samplerIn(memory: ArrayBufferLike): NextMarked | undefined {
  return samplers.get(memory)
}

function samplerOf({ Instance }: Runtime, memory: { buffer: ArrayBuffer }): NextMarked {
  let known: Uint8Array | undefined
  let run: (from: number, last: number) => number
  return (from, last, stride, table) => {
    if (table !== known) {
      new Uint8Array(memory.buffer).set(table)
      run = new Instance(moduleFor(runtime as Runtime, stride), { memory: { bytes: memory } }).exports.run
      known = table
    }
    return run(from * wordBytes, last * wordBytes) >> 2
  }
}

function moduleFor({ Module }: Runtime, stride: number): object {
  const module = modules.get(stride) ?? new Module(program(stride))
  modules.set(stride, module)
  return module
}

function program(stride: number): Uint8Array {
  const [from, last, lastFour] = [0, 1, 2]
  const step = stride * wordBytes
  const isMarked = (nth: number) => loadByte(shiftRight(multiply(loadWord(get(from), nth * step), int(spread)), int(32 - tableBits)))
  const goOn = (words: number) => set(from, add(get(from), int(words * step)))
  return moduleBytes(2, 1, [
    ...set(lastFour, add(get(last), int(-3 * step))),
    ...forever(
      leaveIf(greater(get(from), get(lastFour))),
      leaveIf(or(or(isMarked(0), isMarked(1)), or(isMarked(2), isMarked(3)))),
      goOn(4),
    ),
    ...forever(leaveIf(greater(get(from), get(last))), when(isMarked(0), giveBack(get(from))), goOn(1)),
    ...int(-1),
  ])
}
