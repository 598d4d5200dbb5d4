import type { IncomingMessage, ServerResponse } from 'node:http'

/** Bytes of the request's body: as declared, or, where it comes in chunks, as they arrived. */
export function countRequestBody(req: IncomingMessage): () => number | undefined {
  const declared = req.headers['content-length']
  if (declared !== undefined) return () => (/^\d+$/.test(declared) ? Number(declared) : undefined)
  if (req.headers['transfer-encoding'] === undefined) return () => undefined
  let bytes = 0
  // A `data` listener would set the stream flowing; node's parser hands each chunk to `push`.
  const push = req.push.bind(req)
  req.push = (chunk: unknown, encoding?: BufferEncoding) => {
    bytes += sizeOf(chunk, encoding)
    return push(chunk, encoding)
  }
  return () => bytes
}

/** Bytes of the response's body as they were handed to the response, before transfer encoding. */
export function countResponseBody(req: IncomingMessage, res: ServerResponse): () => number {
  let bytes = 0
  for (const name of ['write', 'end'] as const) {
    const original = res[name] as (...args: unknown[]) => unknown
    const counting = function (this: ServerResponse, ...args: unknown[]): unknown {
      bytes += sizeOf(args[0], typeof args[1] === 'string' ? (args[1] as BufferEncoding) : undefined)
      return original.apply(this, args)
    }
    Object.defineProperty(res, name, { value: counting, writable: true, configurable: true, enumerable: false })
  }
  const hasBody = (): boolean => req.method !== 'HEAD' && res.statusCode !== 204 && res.statusCode !== 304
  return () => (hasBody() ? bytes : 0)
}

function sizeOf(chunk: unknown, encoding?: BufferEncoding): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding)
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}
