import { refuseUnknownOptions, unexpected } from '../../errors.js'
import { type RemoteOptions, type RemoteSettings, remoteOptionNames, remoteSettings } from '../../remote/options.js'
import type { TraceSource } from '../../traces/types.js'
import { parseSelector, traceLabels } from './logql.js'

/** What `lokiLogs` takes. */
export interface LokiLogsOptions extends RemoteOptions {
  /**
   * Where Loki is, with or without a path in front of `/loki/api/v1`, as behind Grafana or a reverse proxy. What Grafana Cloud shows
   * for pushing (`https://logs-prod-….grafana.net/loki/api/v1/push`) fits too.
   */
  url: string | URL
  /** The streams to search, as a LogQL stream selector. A narrower one is faster. @defaultValue `{service_name=~".+"}` */
  selector?: string
  /**
   * Where the spans are, such as `tempoTraces(…)`: without `from` and `to` the window is then that of the trace's spans, an hour wider
   * at both ends, which is cheaper than the default. Not used where the spans are not all there.
   */
  traces?: TraceSource
  /**
   * Names of labels and structured metadata that may hold a trace ID. Loki reads every line of the selector for them, and takes the longer
   * the more there are: who knows theirs asks faster, and who has none (`[]`) several times as fast. The verdict names what it holds for.
   *
   * @defaultValue all that are in use: `trace_id`, `traceId`, `TraceID`, `dd_trace_id`, `traceparent`, …
   */
  metadataNames?: readonly string[]
}

/** The options, checked and in the form in which they are used. */
export interface LokiSettings extends RemoteSettings {
  selector: string
  traces: TraceSource | undefined
  metadataNames: readonly string[]
}

/** The widest selector that Loki takes: Loki 3 gives each stream a `service_name`. */
export const widestSelector = '{service_name=~".+"}'

/** @throws SpanlogError INVALID_URL, INVALID_OPTION */
export function parseLokiOptions(options: LokiLogsOptions): LokiSettings {
  if (typeof options !== 'object' || options === null) throw unexpected('options', 'an object', options)
  refuseUnknownOptions('lokiLogs', options, [...remoteOptionNames, 'selector', 'traces', 'metadataNames'])
  const { traces, metadataNames = traceLabels } = options
  if (traces !== undefined && typeof traces?.trace !== 'function')
    throw unexpected('traces', 'a TraceSource, such as tempoTraces gives', traces)
  if (!Array.isArray(metadataNames) || !metadataNames.every((name) => typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name)))
    throw unexpected('metadataNames', 'an array of names of letters, digits and `_`', metadataNames)
  const settings = remoteSettings({ ...options, url: withoutApi(options.url) })
  return {
    ...settings,
    // Loki caches empty results; lines may still be on their way.
    headers: { ...settings.headers, 'cache-control': 'no-cache' },
    selector: options.selector === undefined ? widestSelector : parseSelector(options.selector),
    traces,
    metadataNames,
  }
}

/** Leaves out the path of the API. What is no URL is left as it is. */
function withoutApi(given: string | URL): string | URL {
  if (!URL.canParse(String(given))) return given
  return String(given)
    .replace(/[?#].*$/s, '')
    .replace(/\/loki\/api\/v1(?:\/(?:push|query_range|query))?\/*$/, '')
}
