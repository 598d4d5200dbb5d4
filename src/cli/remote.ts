import { readFileSync } from 'node:fs'
import { SpanlogError } from '../errors.js'
import type { RemoteOptions, RemoteTls } from '../logs/index.js'
import type { Config, Environment, Store } from './config.js'

const names = { loki: 'Loki', victorialogs: 'VictoriaLogs', tempo: 'Tempo', jaeger: 'Jaeger', zipkin: 'Zipkin' } as const satisfies Record<
  Store,
  string
>
const credentials = ['ORG_ID', 'USERNAME', 'PASSWORD', 'BEARER_TOKEN', 'CA_CERT_PATH', 'CLIENT_CERT_PATH', 'CLIENT_KEY_PATH'] as const

/**
 * How to reach a store. The URL is that of the command line; where that names no source at all, that of the environment, else that of
 * the configuration. A configuration's credentials go to its own URL only, those of the environment to any but the URL of a
 * `spanlog.json` that merely lay in the working folder: whoever wrote that file may not be whom they are meant for.
 *
 * @throws SpanlogError INVALID_OPTION, INVALID_URL, FILE_UNREADABLE
 */
export function remoteOf(
  store: Store,
  flag: string | undefined,
  isGiven: boolean,
  config: Config,
  env: Environment,
): RemoteOptions | undefined {
  const of = (name: string): string | undefined => env[`${store.toUpperCase()}_${name}`] || undefined
  const given = isGiven ? flag : (of('URL') ?? of('ADDR'))
  if (given === undefined && (isGiven || config[store] === undefined)) return undefined

  const configured = config[store]
  const isConfigured = configured !== undefined && (given === undefined || sameOrigin(given, configured.url))
  const url = given ?? configured?.url ?? ''
  const own = isConfigured ? configured : undefined
  const found = given === undefined && config.trusted !== true ? credentials.find((name) => of(name) !== undefined) : undefined
  if (found !== undefined) {
    const problem = `${store.toUpperCase()}_${found} is not sent to the URL of a spanlog.json that was found in the working folder`
    throw new SpanlogError('INVALID_OPTION', problem, { remedy: 'name the file, --config spanlog.json, or unset the variable' })
  }

  const inUrl = withoutCredentials(store, url)
  if (inUrl.username === undefined && of('USERNAME') !== undefined && of('BEARER_TOKEN') !== undefined) {
    const variables = `${store.toUpperCase()}_USERNAME and ${store.toUpperCase()}_BEARER_TOKEN`
    throw new SpanlogError('INVALID_OPTION', `Expected one kind of credentials in the environment, got ${variables}`, {
      remedy: 'unset one of them',
    })
  }
  const username = inUrl.username ?? of('USERNAME') ?? own?.username
  const password = inUrl.password ?? of('PASSWORD') ?? own?.password ?? ''
  // A user name on the command line goes before a token that lies in the environment.
  const bearerToken = inUrl.username === undefined ? (of('BEARER_TOKEN') ?? own?.bearerToken) : undefined
  const tenant = of('ORG_ID') ?? own?.tenant
  const tls = tlsOf(of, own?.tls)
  return {
    url: inUrl.url,
    ...(tenant !== undefined && { tenant }),
    ...(username !== undefined && { basicAuth: { username, password } }),
    ...(bearerToken !== undefined && { bearerToken }),
    ...(own?.headers !== undefined && { headers: own.headers }),
    ...(tls !== undefined && { tls }),
  }
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}

function tlsOf(
  of: (name: string) => string | undefined,
  configured: { ca?: string; cert?: string; key?: string } = {},
): RemoteTls | undefined {
  const paths = {
    ca: of('CA_CERT_PATH') ?? configured.ca,
    cert: of('CLIENT_CERT_PATH') ?? configured.cert,
    key: of('CLIENT_KEY_PATH') ?? configured.key,
  }
  const read = Object.entries(paths).flatMap(([name, path]) => (path === undefined ? [] : [[name, readPem(path)] as const]))
  return read.length === 0 ? undefined : Object.fromEntries(read)
}

function readPem(path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN')) return text
  } catch (cause) {
    throw new SpanlogError('FILE_UNREADABLE', `${path}, a certificate or its key, could not be read`, { cause })
  }
  throw new SpanlogError('INVALID_OPTION', `Expected ${path} to hold a certificate or a key in PEM`, { remedy: 'check the path' })
}

/** `https://user:password@host` is how such URLs are often kept in the environment. */
function withoutCredentials(store: Store, given: string): { url: string; username?: string; password?: string } {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(given)) {
    // What may hold a password is not shown.
    const shown = given.includes('@') ? '' : `http://${given}`
    throw new SpanlogError('INVALID_URL', `the URL for ${names[store]} has no scheme`, {
      remedy: shown === '' ? 'put http:// or https:// before it' : `give ${shown}, or https://`,
    })
  }
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
