import { unexpected } from '../errors.js'

/** Whether a trace may go out to a host; `undefined` where it is not known which one it is. */
export type HostRule = (hostname: string, port?: string | number) => boolean

/**
 * @param option - names of hosts in full, `*.example.com` for all below one, each with `:port` or for any; expressions are tested
 *   against the name
 * @throws SpanlogError INVALID_OPTION
 */
export function hostRule(name: string, option: unknown): HostRule {
  if (!Array.isArray(option)) throw unexpected(name, 'an array of hosts and regular expressions', option)
  const rules = (option as unknown[]).map((one): HostRule => {
    if (one instanceof RegExp) {
      // Of an expression that goes on from its last match each second test would fail.
      const expression = new RegExp(one.source, one.flags.replace(/[gy]/g, ''))
      return (hostname) => expression.test(hostname)
    }
    const [, below, host, port] = (typeof one === 'string' && /^(\*\.)?([^\s/:*@]+|\[[\da-f:.]+\])(?::(\d+))?$/i.exec(one)) || []
    if (host === undefined) throw unexpected(name, "hosts such as 'orders', '*.example.com' or 'localhost:3000', or expressions", one)
    const wanted = bare(host)
    return (hostname, at) =>
      (below === undefined ? hostname === wanted : hostname.endsWith(`.${wanted}`)) && (port === undefined || String(at) === port)
  })
  return (hostname, port) => rules.some((rule) => rule(bare(hostname), port))
}

/** Without the brackets of an IPv6 address and the dot of a full name. */
function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
}
