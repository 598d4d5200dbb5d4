import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { type RemoteOptions, type RemoteSettings, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import type { TraceSource } from '../../traces/types.js'

/** What `victoriaLogs` takes. */
export interface VictoriaLogsOptions extends Omit<RemoteOptions, 'tenant'> {
  /** Where VictoriaLogs, or the `vlselect` of its cluster, is, with or without a path in front of `/select/logsql`. */
  url: string | URL
  /** `AccountID:ProjectID`, or the account alone. @defaultValue `0:0`, by the server */
  tenant?: string
  /** The lines to search, as a LogsQL filter without pipes, such as `{app="shop"} env:prod`. A narrower one is faster. @defaultValue all */
  selector?: string
  /**
   * How the ID is looked for in the text of a line, its `_msg`: `word` finds it where no letter, digit or `_` stands next to it, by the
   * index; `anywhere` reads the text of every line, and finds it right behind a terminal's colour or an escaped line break too.
   *
   * @defaultValue `word`
   */
  text?: 'word' | 'anywhere'
  /**
   * Where the spans are, such as `tempoTraces(…)`: without `from` and `to` the window is then that of the trace's spans, an hour wider
   * at both ends. Not used where the spans are not all there.
   */
  traces?: TraceSource
}

/** The options, checked and in the form in which they are used. */
export interface VictoriaLogsSettings extends RemoteSettings {
  selector: string | undefined
  text: 'word' | 'anywhere'
  traces: TraceSource | undefined
}

/** @throws SpanlogError INVALID_URL, INVALID_OPTION */
export function parseVictoriaLogsOptions(options: VictoriaLogsOptions): VictoriaLogsSettings {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('victoriaLogs', options, [...remoteOptionNames, 'selector', 'text', 'traces'])
  const { tenant, selector, text = 'word', traces, ...remote } = options
  if (selector !== undefined && (typeof selector !== 'string' || selector.trim() === '')) {
    throw unexpected('selector', 'a LogsQL filter such as {app="shop"} env:prod', selector)
  }
  if (text !== 'word' && text !== 'anywhere') throw unexpected('text', 'word or anywhere', text)
  if (traces !== undefined && typeof traces?.trace !== 'function')
    throw unexpected('traces', 'a TraceSource, such as tempoTraces gives', traces)
  const settings = remoteSettings({ ...remote, url: withoutApi(remote.url) })
  return { ...settings, headers: { ...settings.headers, ...tenantHeaders(tenant) }, selector: selector?.trim(), text, traces }
}

/** @see https://docs.victoriametrics.com/victorialogs/#multitenancy */
function tenantHeaders(tenant: unknown): Record<string, string> {
  if (tenant === undefined) return {}
  const [, account = '', project = '0'] = (typeof tenant === 'string' && /^(\d{1,10})(?::(\d{1,10}))?$/.exec(tenant)) || []
  if (account === '') throw unexpected('tenant', 'AccountID:ProjectID, two whole numbers', tenant)
  return { accountid: account, projectid: project }
}

/** Leaves out the path of the API. What is no URL is left as it is. */
function withoutApi(given: string | URL): string | URL {
  if (!URL.canParse(String(given))) return given
  return String(given)
    .replace(/[?#].*$/s, '')
    .replace(/\/select\/(?:logsql(?:\/\w+)?|vmui)\/*$/, '')
}
