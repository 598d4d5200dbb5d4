import { EventEmitter, once } from 'node:events'
import { startLokiDouble } from '../../support/loki-double/server.js'
import { startTempoDouble } from '../../support/tempo-double/server.js'
import { startVictoriaLogsDouble } from '../../support/victorialogs-double/server.js'
import type { Given } from '../fragment.js'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const credentials = { username: 'me', password: 'secret', ca: undefined, cert: undefined, key: undefined }

/** A Loki that holds one line of the trace. */
export async function loki(): Promise<Given> {
  const double = await startLokiDouble()
  double.push({ service_name: 'shop-orders' }, [
    [BigInt(Date.now()) * 1_000_000n, 'refused', { trace_id: traceId, detected_level: 'error' }],
  ])
  return { names: credentials, instead: { 'http://localhost:3100': double.url, 'glsa_…': 'glsa_token' }, end: () => double.close() }
}

/** A Loki that programs push to. */
export async function emptyLoki(): Promise<Given> {
  const double = await startLokiDouble()
  return { instead: { 'http://localhost:3100': double.url }, end: () => double.close() }
}

/** The same for transports that live in this process, which have to end before the page does. */
export async function shipping(): Promise<Given> {
  const given = await emptyLoki()
  const ended = new Set<unknown>()
  return {
    ...given,
    async check({ transport }) {
      if (!(transport instanceof EventEmitter) || ended.has(transport)) return
      ended.add(transport)
      ;(transport as EventEmitter & { end(): void }).end()
      await once(transport, 'close')
    },
  }
}

/** A Tempo that holds nothing. */
export async function tempo(): Promise<Given> {
  const double = await startTempoDouble()
  return { instead: { 'http://localhost:3200': double.url }, end: () => double.close() }
}

export async function victoriaLogs(): Promise<Given> {
  const double = await startVictoriaLogsDouble()
  return { names: { ...credentials, url: double.url }, instead: { 'http://localhost:9428': double.url }, end: () => double.close() }
}
