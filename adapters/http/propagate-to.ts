import { type HostRule, hostRule } from '../../src/context/hosts.js'
import { state } from '../../src/context/state.js'
import { refuseUnknownOptions, unexpected } from '../../src/errors.js'

/** Where a traced client takes the trace along. */
export interface TraceClientOptions {
  /**
   * Hosts that get the trace: `orders`, `*.internal`, `localhost:3000`, or expressions that are tested against the host's name. The others get
   * their request as it is; it has its span all the same. @defaultValue `configure({ propagateTo })`, else all hosts
   */
  propagateTo?: readonly (string | RegExp)[]
}

/** @throws SpanlogError INVALID_OPTION */
export function propagationRule(where: string, options: TraceClientOptions): HostRule {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions(where, options, ['propagateTo'])
  const own = options.propagateTo === undefined ? undefined : hostRule('propagateTo', options.propagateTo)
  return (hostname, port) => (own ?? state.settings.propagateTo)?.(hostname, port) ?? true
}
