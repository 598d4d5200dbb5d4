import { type Attributes, SpanKind } from '@opentelemetry/api'
import { grpcCodes } from './grpc-codes.js'

/** Today's names, and what they were called before. Where one was called in several ways, all of them. */
const renamed: readonly (readonly [today: string, ...before: string[]])[] = [
  ['http.request.method', 'http.method'],
  ['http.response.status_code', 'http.status_code'],
  ['http.request.body.size', 'http.request_content_length'],
  ['http.response.body.size', 'http.response_content_length'],
  ['user_agent.original', 'http.user_agent'],
  ['client.address', 'http.client_ip'],
  ['url.full', 'http.url'],
  ['url.scheme', 'http.scheme'],
  ['network.protocol.version', 'http.flavor'],
  ['network.peer.address', 'net.sock.peer.addr'],
  ['network.peer.port', 'net.sock.peer.port'],
  ['db.namespace', 'db.name'],
  ['db.query.text', 'db.statement'],
  ['db.operation.name', 'db.operation'],
  ['db.collection.name', 'db.sql.table'],
  ['rpc.system.name', 'rpc.system'],
  ['messaging.destination.name', 'messaging.destination', 'mq.topic'],
  ['messaging.operation.name', 'mq.operation'],
  ['messaging.operation.type', 'messaging.operation'],
  ['messaging.message.id', 'messaging.message_id'],
  ['messaging.message.body.size', 'messaging.message_payload_size_bytes'],
  ['exception.message', 'error.message'],
  ['exception.stacktrace', 'error.stack'],
]

/** Systems whose name changed as well. */
const oldSystems: Readonly<Record<string, string>> = {
  'microsoft.sql_server': 'mssql',
  'oracle.db': 'oracle',
  'ibm.db2': 'db2',
  'aws.sqs': 'aws_sqs',
  'azure.eventgrid': 'eventgrid',
  'azure.eventhubs': 'eventhubs',
  'azure.servicebus': 'servicebus',
  'gcp.pubsub': 'gcp_pubsub',
}

/**
 * Attributes under the names that they had before OpenTelemetry's conventions became stable.
 *
 * @param mode - `both`: beside today's; `old`: in their place
 * @see https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
 */
export function withOldNames(given: Attributes, kind: SpanKind | undefined, mode: 'old' | 'both'): Attributes {
  const attributes = { ...given }
  const rename = (today: string, before: Attributes): void => {
    if (given[today] === undefined) return
    if (mode === 'old') delete attributes[today]
    // What somebody set under the old name is what they meant.
    for (const [name, value] of Object.entries(before)) if (value !== undefined && given[name] === undefined) attributes[name] = value
  }
  for (const [today, ...before] of renamed) rename(today, Object.fromEntries(before.map((name) => [name, given[today]])))

  const query = given['url.query'] === undefined ? '' : `?${text(given['url.query'])}`
  rename('url.path', { 'http.target': `${text(given['url.path'])}${query}` })
  rename('url.query', {})
  const side = kind === SpanKind.SERVER || kind === SpanKind.CONSUMER ? 'host' : 'peer'
  rename('server.address', { [`net.${side}.name`]: given['server.address'] })
  rename('server.port', { [`net.${side}.port`]: given['server.port'] })
  for (const system of ['db.system', 'messaging.system']) {
    const today = given[`${system}.name`]
    rename(`${system}.name`, { [system]: oldSystems[text(today)] ?? today })
  }
  renameRpc(given, rename, attributes)
  return attributes
}

/** Today `rpc.method` is `shop.Orders/Get`; it was `Get`, beside `rpc.service`: of the two meanings of one name only one can stand. */
function renameRpc(given: Attributes, rename: (today: string, before: Attributes) => void, attributes: Attributes): void {
  const [service, method] = text(given['rpc.method']).split('/')
  if (method !== undefined && given['rpc.service'] === undefined) {
    attributes['rpc.service'] = service
    attributes['rpc.method'] = method
  }
  const status = given['rpc.status_code'] ?? given['rpc.response.status_code']
  const number = grpcCodes.indexOf(text(status))
  for (const name of ['rpc.status_code', 'rpc.response.status_code']) {
    rename(name, { 'rpc.grpc.status_code': number === -1 ? undefined : number })
  }
}

function text(value: Attributes[string]): string {
  return value === undefined ? '' : String(value)
}
