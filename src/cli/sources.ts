import { SpanlogError } from '../errors.js'
import type { LogSource } from '../logs/index.js'
import type { RemoteOptions, TraceSource } from '../traces/index.js'
import { parseDurationMs, type Values } from './options.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Where to look, from the options, or from the environment where they name no source. */
export interface Places {
  files: string[]
  loki?: RemoteOptions & { selector?: string }
  tempo?: RemoteOptions
}

/** @throws SpanlogError INVALID_OPTION, INVALID_URL */
export function placesOf(values: Values, positionals: readonly string[], env: Environment): Places {
  const files = [...(values.file ?? []), ...positionals]
  const isGiven = files.length > 0 || values.loki !== undefined || values.tempo !== undefined
  const loki = isGiven ? values.loki : env['LOKI_URL'] || env['LOKI_ADDR']
  const tempo = isGiven ? values.tempo : env['TEMPO_URL']
  if (values.selector !== undefined && !loki) {
    throw new SpanlogError('INVALID_OPTION', '--selector chooses streams of Loki, and no Loki is given', { remedy: 'give --loki' })
  }
  return {
    files,
    ...(loki && { loki: { ...remoteOf('LOKI', loki, values, env), ...(values.selector !== undefined && { selector: values.selector }) } }),
    ...(tempo && { tempo: remoteOf('TEMPO', tempo, values, env) }),
  }
}

export function noSource(flags: string): SpanlogError {
  return new SpanlogError('INVALID_OPTION', 'no source to look in', { remedy: `give ${flags}` })
}

export async function logSources({ files, loki }: Places): Promise<LogSource[]> {
  const { fileLogs, lokiLogs } = await import('../logs/index.js')
  return [...(files.length > 0 ? [fileLogs({ paths: files })] : []), ...(loki === undefined ? [] : [lokiLogs(loki)])]
}

export async function traceSources({ files, tempo }: Places): Promise<TraceSource[]> {
  const { fileTraces, tempoTraces } = await import('../traces/index.js')
  return [...(files.length > 0 ? [fileTraces({ paths: files })] : []), ...(tempo === undefined ? [] : [tempoTraces(tempo)])]
}

function remoteOf(store: 'LOKI' | 'TEMPO', given: string, values: Values, env: Environment): RemoteOptions {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    // What may hold a password is not shown.
    const shown = given.includes('@') ? '' : `http://${given}`
    throw new SpanlogError('INVALID_URL', `the URL for ${store === 'LOKI' ? 'Loki' : 'Tempo'} has no scheme`, {
      remedy: shown === '' ? 'put http:// or https:// before it' : `give ${shown}, or https://`,
    })
  }
  const { url, username = env[`${store}_USERNAME`], password = env[`${store}_PASSWORD`] ?? '' } = withoutCredentials(given)
  const tenant = values.tenant ?? env[`${store}_ORG_ID`]
  const bearerToken = env[`${store}_BEARER_TOKEN`]
  return {
    url,
    ...(tenant && { tenant }),
    ...(username && { basicAuth: { username, password } }),
    ...(bearerToken && { bearerToken }),
    ...(values.header !== undefined && { headers: Object.fromEntries(values.header.map(headerOf)) }),
    ...(values.timeout !== undefined && { timeoutMs: parseDurationMs('--timeout', values.timeout) }),
  }
}

/** `https://user:password@host` is how such URLs are often kept in the environment. */
function withoutCredentials(given: string): { url: string; username?: string; password?: string } {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || (url.username === '' && url.password === '')) return { url: given }
  const { username, password } = url
  url.username = ''
  url.password = ''
  try {
    return { url: url.href, username: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch (cause) {
    throw new SpanlogError('INVALID_URL', 'the user name or password in the URL is not percent-encoded', { cause })
  }
}

function headerOf(given: string): [name: string, value: string] {
  const colon = given.indexOf(':')
  // The value is not shown: it may be a secret.
  if (colon < 1)
    throw new SpanlogError('INVALID_OPTION', "Expected `--header` to be 'Name: value'", { remedy: 'put a colon behind the name' })
  return [given.slice(0, colon).trim(), given.slice(colon + 1).trim()]
}
