import type { Dispatcher } from 'undici'
import { SpanlogError } from '../errors.js'
import type { RemoteTls } from './tls.js'

type Undici = typeof import('undici')

/** The way to one server, through the environment's proxies; opened when it is first used. */
export interface Connection {
  /** For single requests: a plain one goes to a proxy as it is, since many open tunnels for TLS only. */
  forRequests(): Promise<{ undici: Undici; dispatcher: Dispatcher }>
  /** For websockets, which need a tunnel. */
  forSockets(): Promise<{ undici: Undici; dispatcher: Dispatcher }>
}

/** @throws SpanlogError INVALID_URL for a proxy of the environment that is none */
export function createConnection(tls: RemoteTls): Connection {
  const httpProxy = proxyOf('http_proxy', 'HTTP_PROXY')
  const options = {
    httpProxy,
    httpsProxy: proxyOf('https_proxy', 'HTTPS_PROXY') || httpProxy,
    noProxy: process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '',
    // The one time-out is that of a whole try.
    connect: { ...tls, timeout: 0 },
    requestTls: tls,
    connectTimeout: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const open = (proxyTunnel: boolean) => {
    let opened: Promise<{ undici: Undici; dispatcher: Dispatcher }> | undefined
    return () => {
      // Lazily: it takes longer to load than all of ours, and files need none of it.
      opened ??= import('undici').then((undici) => ({ undici, dispatcher: new undici.EnvHttpProxyAgent({ ...options, proxyTunnel }) }))
      return opened
    }
  }
  return { forRequests: open(false), forSockets: open(true) }
}

/** A proxy may stand in the environment without its scheme; empty is none. */
function proxyOf(...names: string[]): string {
  for (const name of names) {
    const given = process.env[name]?.trim()
    if (given === undefined || given === '') continue
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`
    // The value is not shown: it may hold a password.
    if (!URL.canParse(url)) {
      throw new SpanlogError('INVALID_URL', `Expected ${name} of the environment to be the URL of a proxy`, {
        remedy: 'correct or unset it',
      })
    }
    return url
  }
  return ''
}
