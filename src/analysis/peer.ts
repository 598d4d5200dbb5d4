import type { TraceSpan } from '../traces/types.js'
import { textOf, urlOf } from './attributes.js'

export type PeerType = 'database' | 'messaging' | 'external'

/** What a call without an answer in the trace went to. */
export interface Peer {
  type: PeerType
  name: string
}

/**
 * The peer that a client or producer names, as Tempo's service graph finds it: `peer.service`, then the database or destination, then the
 * address. Absent where it names none.
 */
export function peerOf(span: TraceSpan): Peer | undefined {
  const { attributes } = span
  const named = textOf(attributes, 'service.peer.name', 'peer.service')
  const database = textOf(attributes, 'db.system.name', 'db.system')
  if (database !== undefined) {
    const namespace = textOf(attributes, 'db.namespace', 'db.name')
    return { type: 'database', name: named ?? (namespace === undefined ? database : `${database}/${namespace}`) }
  }
  const messaging = textOf(attributes, 'messaging.system.name', 'messaging.system')
  if (messaging !== undefined || span.kind === 'producer') {
    const destination = textOf(attributes, 'messaging.destination.name', 'messaging.destination')
    const name = named ?? [messaging, destination].filter((part) => part !== undefined).join('/')
    return name === '' ? undefined : { type: 'messaging', name }
  }
  const host = named ?? textOf(attributes, 'server.address', 'net.peer.name', 'network.peer.address') ?? hostOf(urlOf(span))
  return host === undefined ? undefined : { type: 'external', name: host }
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : undefined
}
