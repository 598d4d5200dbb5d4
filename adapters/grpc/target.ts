/**
 * Where a channel leads, of its target: `dns:///shop:50051`, `[::1]:50051`, `unix:/run/shop.sock`. A list of addresses, or a name of another
 * scheme, stays whole.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (server.address)
 */
export function addressOf(target: string): { host: string; port?: number } {
  const socket = /^unix:(?:\/\/)?(\/.*)$/.exec(target)?.[1]
  if (socket !== undefined) return { host: socket }
  const [, bracketed, plain, port] = /^(?:(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?)?(?:\[([^\]]+)\]|([^:/,[\]]+)):(\d+)$/.exec(target) ?? []
  const host = bracketed ?? plain
  return host === undefined ? { host: target } : { host, port: Number(port) }
}
