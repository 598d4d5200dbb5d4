import type { IncomingMessage } from 'node:http'

export interface Refusal {
  status: number
  why: string
}

/**
 * Why a request is not answered, whatever it asks for.
 *
 * - A site can point a name of its own at 127.0.0.1 (DNS rebinding); a browser then sends that name as Host.
 * - A site can have a browser ask for our URL; the browser says so in Sec-Fetch-Site and Origin. Without the first, which a program such
 *   as curl and an old browser leave out, the secret in the path has to do.
 */
export function refusalOf({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>, port: number): Refusal | undefined {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (method !== 'GET') return { status: 405, why: 'Only GET' }
  if (!own.includes(headers.host ?? '')) return { status: 403, why: 'Not this host' }
  const { origin, 'sec-fetch-site': site = 'none' } = headers
  if (origin !== undefined && !own.some((host) => origin === `http://${host}`)) return { status: 403, why: 'Not this origin' }
  // `none`: somebody typed the URL, or opened it from elsewhere than a site.
  if (site !== 'none' && site !== 'same-origin') return { status: 403, why: 'Not from another site' }
  return undefined
}
