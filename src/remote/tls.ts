import { refuseUnknownOptions, SpanlogError, unexpected } from '../errors.js'

/** How to trust a server, and what to show it; each as PEM text, not as a path. */
export interface RemoteTls {
  /** Authorities to trust instead of Node's own; several may stand in one text. */
  ca?: string | Buffer
  /** The client's certificate, and with it its `key`. */
  cert?: string | Buffer
  key?: string | Buffer
  /** `false` takes any certificate, so anyone in between can read and change what is sent: for trials only. @defaultValue true */
  rejectUnauthorized?: boolean
}

/** @throws SpanlogError INVALID_OPTION */
export function tlsSettings(tls: RemoteTls = {}): RemoteTls {
  if (typeof tls !== 'object' || tls === null) throw unexpected('tls', 'an object', tls)
  refuseUnknownOptions('tls', tls, ['ca', 'cert', 'key', 'rejectUnauthorized'])
  for (const name of ['ca', 'cert', 'key'] as const) {
    const value: unknown = tls[name]
    const isPem = value === undefined || ((typeof value === 'string' || Buffer.isBuffer(value)) && value.includes('-----BEGIN'))
    // The value is not shown: it may be a secret.
    if (!isPem) throw new SpanlogError('INVALID_OPTION', `Expected \`tls.${name}\` to be PEM`, { remedy: "give the file's content" })
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new SpanlogError('INVALID_OPTION', 'Expected `tls.cert` and `tls.key` together, got one of them')
  }
  const { rejectUnauthorized = true } = tls
  if (typeof rejectUnauthorized !== 'boolean') throw unexpected('tls.rejectUnauthorized', 'a boolean', rejectUnauthorized)
  return tls
}
