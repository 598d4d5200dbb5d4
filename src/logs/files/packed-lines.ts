/** A line and its place among all others: by time, then as the files and their lines stand. */
export interface PlacedLine {
  /** Nanoseconds since the epoch; of a line without a time its predecessor's, or -1. */
  time: bigint
  /** Number of the file. */
  file: number
  /** Number of the line among those found. */
  place: number
  /** What it was read as is not kept: that takes ten times the memory, and reading it again no longer than looking after it. */
  text: string
}

// A packed line: time (12 bytes, counted from `earliest`) | file (4) | place (6) | length of the text (4) | text.
// What stands before the length is its key: lines sort as the bytes of their keys do.
const earliest = -(1n << 95n)
const keyBytes = 22
/** Of a line but for its text. */
export const headBytes = keyBytes + 4

/** Each line is named by the bytes that it is in, and by where in them it begins. */
export function compareLines(a: Buffer, atA: number, b: Buffer, atB: number): number {
  return a.compare(b, atB, atB + keyBytes, atA, atA + keyBytes)
}

/** Of all of a line whose head is there. */
export function lineBytes(bytes: Buffer, at: number): number {
  return headBytes + bytes.readUInt32BE(at + keyBytes)
}

export function unpackLine(bytes: Buffer, at: number): Pick<PlacedLine, 'file' | 'text'> {
  return { file: bytes.readUInt32BE(at + 12), text: bytes.toString('utf8', at + headBytes, at + lineBytes(bytes, at)) }
}

/** Memory is taken in slabs of this size; a line that is longer has one of its own. */
const slabBits = 18
const slabBytes = 1 << slabBits
/** Of the number that tells where a line begins: its slab's, and its place in that. */
const startBytes = Uint32Array.BYTES_PER_ELEMENT

/**
 * Lines as bytes, one behind the other. As strings and objects they outlive the first collections of what is young, for which V8 then
 * takes many times the memory, and once they are old it lets several times as many gather before it looks at them again.
 */
export class PackedLines {
  readonly #maxBytes: number
  #slabs: Buffer[] = []
  /** How many of them have lines. */
  #filled = 0
  /** Of the last one that has. */
  #used = 0
  #bytes = 0
  #starts = new Uint32Array(1 << 10)

  /** How many there are. */
  count = 0

  constructor(maxBytes: number) {
    // As far as a start fits.
    this.#maxBytes = Math.min(maxBytes, 1 << 30)
  }

  /** @returns false where it does not fit any more; a first one always does */
  add({ time, file, place, text }: PlacedLine): boolean {
    const length = Buffer.byteLength(text)
    if (this.count > 0 && this.#bytes + headBytes + length + startBytes > this.#maxBytes) return false
    const start = this.#take(headBytes + length)
    const [bytes, at] = [this.bytesOf(start), this.placeOf(start)]
    const key = BigInt.asUintN(96, time - earliest)
    bytes.writeUIntBE(Number(key >> 48n), at, 6)
    bytes.writeUIntBE(Number(BigInt.asUintN(48, key)), at + 6, 6)
    bytes.writeUInt32BE(file, at + 12)
    bytes.writeUIntBE(place, at + 16, 6)
    bytes.writeUInt32BE(length, at + keyBytes)
    bytes.write(text, at + headBytes)
    return true
  }

  /** Where the lines begin. */
  sorted(): Uint32Array {
    return this.#starts
      .subarray(0, this.count)
      .toSorted((a, b) => compareLines(this.bytesOf(a), this.placeOf(a), this.bytesOf(b), this.placeOf(b)))
  }

  bytesOf(start: number): Buffer {
    return this.#slabs[start >>> slabBits] as Buffer
  }

  placeOf(start: number): number {
    return start & (slabBytes - 1)
  }

  /** Lets go of all but the last ones. */
  keepLast(count: number): void {
    const kept = this.sorted().slice(-count)
    const slabs = this.#slabs
    this.#slabs = []
    this.clear()
    for (const start of kept) {
      const [bytes, at] = [slabs[start >>> slabBits] as Buffer, this.placeOf(start)]
      const size = lineBytes(bytes, at)
      const to = this.#take(size)
      bytes.copy(this.bytesOf(to), this.placeOf(to), at, at + size)
    }
  }

  clear(): void {
    this.#slabs = this.#slabs.filter(({ length }) => length === slabBytes)
    this.#filled = 0
    this.#bytes = 0
    this.count = 0
  }

  /** @returns where a line of this size begins */
  #take(size: number): number {
    const last = this.#slabs[this.#filled - 1]
    if (last === undefined || this.#used + size > last.length) {
      if (size > slabBytes) this.#slabs.splice(this.#filled, 0, Buffer.allocUnsafeSlow(size))
      else this.#slabs[this.#filled] ??= Buffer.allocUnsafeSlow(slabBytes)
      this.#filled++
      this.#used = 0
    }
    const start = (this.#filled - 1) * slabBytes + this.#used
    this.#used += size
    this.#bytes += size + startBytes
    if (this.count === this.#starts.length) {
      const starts = new Uint32Array(2 * this.count)
      starts.set(this.#starts)
      this.#starts = starts
    }
    this.#starts[this.count++] = start
    return start
  }
}
