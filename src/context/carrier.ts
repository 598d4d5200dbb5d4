/** A header's value as the transports hand it over; Kafka's are Buffers. */
export type CarrierValue = string | Uint8Array | readonly (string | Uint8Array)[] | null | undefined

/**
 * What a trace travels in: a plain object (node's `req.headers`, Kafka's headers, gRPC's map), `Headers`, a `Map`, or an array
 * of pairs. Any object, since an interface without an index signature is one too. Names are compared without regard to case.
 */
export type Carrier = object

/** Every value that the carrier has under a name, in order. Anything that is not text is passed over. */
export function readCarrier(carrier: Carrier, name: string): string[] {
  const values: string[] = []
  for (const [key, value] of entries(carrier)) {
    if (typeof key !== 'string' || key.toLowerCase() !== name) continue
    for (const item of Array.isArray(value) ? value : [value]) {
      if (typeof item === 'string') values.push(item)
      else if (item instanceof Uint8Array) values.push(Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('latin1'))
    }
  }
  return values
}

/** Sets one value under a name, in place of what stood there in any spelling; `undefined` only removes. */
export function writeCarrier(carrier: Carrier, name: string, value: string | undefined): void {
  if (Array.isArray(carrier)) {
    for (let i = carrier.length - 1; i >= 0; i--) {
      if (String(carrier[i]?.[0]).toLowerCase() === name) carrier.splice(i, 1)
    }
    if (value !== undefined) carrier.push([name, value])
    return
  }
  if (isMapLike(carrier)) {
    // oxlint-disable-next-line unicorn/no-useless-spread -- Headers skip a name when one is deleted while they are iterated
    for (const key of [...carrier.keys()]) if (typeof key === 'string' && key.toLowerCase() === name) carrier.delete(key)
    if (value !== undefined) carrier.set(name, value)
    return
  }
  const object = carrier as Record<string, unknown>
  for (const key of Object.keys(object)) if (key.toLowerCase() === name) delete object[key]
  if (value !== undefined) object[name] = value
}

interface MapLike {
  keys(): Iterable<unknown>
  delete(key: string): unknown
  set(key: string, value: string): unknown
}

/** `Map`, `Headers`, and whatever else has their three methods (undici's, `URLSearchParams`, a polyfill). */
function isMapLike(carrier: object): carrier is MapLike {
  const { set, delete: remove, keys } = carrier as Partial<MapLike>
  return typeof set === 'function' && typeof remove === 'function' && typeof keys === 'function'
}

function entries(carrier: Carrier): Iterable<readonly [unknown, unknown]> {
  if (Symbol.iterator in carrier && typeof carrier[Symbol.iterator] === 'function') {
    // An iterable of something else than pairs (a string, an array of lines) holds no headers.
    return [...(carrier as Iterable<unknown>)].filter((pair): pair is [unknown, unknown] => Array.isArray(pair))
  }
  return Object.entries(carrier)
}
