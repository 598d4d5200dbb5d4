import type { Attributes } from '@opentelemetry/api'
import { hideSqlLiterals } from '../redaction/sql.js'
import { given, present } from './attributes.js'

/** One call of a database. */
export interface DatabaseCall {
  /** `postgresql`, `mysql`, `mariadb`, `sqlite`, `microsoft.sql_server`, `mongodb`, `redis`, … */
  system: string
  /** The database, with its schema where it has one. */
  namespace?: string | undefined
  /** `SELECT`, `findAndModify`, `HMSET`. */
  operation?: string | undefined
  /** The table, or the collection. */
  collection?: string | undefined
  /** The statement; literals of SQL are hidden. */
  query?: string | undefined
  /** The database's own code, of a call that failed. */
  status?: string | number | undefined
  /** Rows that came back. */
  rows?: number | undefined
  host?: string | undefined
  port?: number | undefined
}

const sqlSystems = /^(?:other_sql|postgresql|mysql|mariadb|sqlite|microsoft\.sql_server|oracle\.db|cockroachdb|clickhouse|ibm\.db2|trino)$/
const doubleQuotedTexts = /^(?:mysql|mariadb|sqlite)$/

/**
 * The attributes of a span for a call of a database.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 * @example
 * ```ts
 * const attributes = databaseAttributes({ system: 'postgresql', operation: 'SELECT', collection: 'orders', query: text })
 * await withSpan('SELECT orders', { kind: 'client', attributes }, () => client.query(text))
 * ```
 */
export function databaseAttributes(call: DatabaseCall): Attributes {
  const { system, namespace, operation, collection, query, status, rows, host, port } = given(call)
  const isSql = system !== undefined && sqlSystems.test(system)
  return present({
    'db.system.name': system,
    'db.namespace': namespace,
    'db.operation.name': operation,
    'db.collection.name': collection,
    'db.query.text':
      typeof query === 'string' && isSql ? hideSqlLiterals(query, doubleQuotedTexts.test(system) ? 'texts' : 'names') : query,
    'db.response.status_code': status === undefined ? undefined : String(status),
    'error.type': status === undefined ? undefined : String(status),
    'db.response.returned_rows': rows,
    'server.address': host,
    'server.port': port,
  })
}

/** One call of a remote procedure. */
export interface RpcCall {
  /** `grpc`, `connectrpc`, `jsonrpc`, `dubbo`, … */
  system: string
  /** With package and service: `shop.Orders/Get`. */
  method: string
  /** `OK`, `DEADLINE_EXCEEDED`, `-32602`. */
  status?: string | number | undefined
  /** Whether the status is a failure. @defaultValue false */
  failed?: boolean | undefined
  host?: string | undefined
  port?: number | undefined
}

/**
 * The attributes of a span for a remote procedure call.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/
 * @example
 * ```ts
 * rpcAttributes({ system: 'grpc', method: 'shop.Orders/Get', status: 'OK' })
 * ```
 */
export function rpcAttributes(call: RpcCall): Attributes {
  const { system, method, status, failed = false, host, port } = given(call)
  return present({
    'rpc.system.name': system,
    'rpc.method': method,
    'rpc.status_code': status === undefined ? undefined : String(status),
    'error.type': failed && status !== undefined ? String(status) : undefined,
    'server.address': host,
    'server.port': port,
  })
}

/** Something done with messages. */
export interface MessagingCall {
  /** `kafka`, `rabbitmq`, `aws.sqs`, `mqtt`, … */
  system: string
  /** The queue or topic. */
  destination?: string | undefined
  /** As the system calls it: `publish`, `ack`, `poll`. */
  operation: string
  type?: 'create' | 'send' | 'receive' | 'process' | 'settle' | undefined
  messageId?: string | undefined
  conversationId?: string | undefined
  consumerGroup?: string | undefined
  /** Of a batch; not to be given for one message. */
  batchSize?: number | undefined
  bodyBytes?: number | undefined
}

/**
 * The attributes of a span for messages.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @example
 * ```ts
 * messagingAttributes({ system: 'kafka', destination: 'orders', operation: 'publish', type: 'send' })
 * ```
 */
export function messagingAttributes(call: MessagingCall): Attributes {
  const { system, destination, operation, type, messageId, conversationId, consumerGroup, batchSize, bodyBytes } = given(call)
  return present({
    'messaging.system.name': system,
    'messaging.destination.name': destination,
    'messaging.operation.name': operation,
    'messaging.operation.type': type,
    'messaging.message.id': messageId,
    'messaging.message.conversation_id': conversationId,
    'messaging.consumer.group.name': consumerGroup,
    'messaging.batch.message_count': batchSize,
    'messaging.message.body.size': bodyBytes,
  })
}

/**
 * `error.type` of what was thrown: its code, else its class, which are few. The message, which may be anything, belongs to the exception
 * that `recordException` and `withSpan` put on the span.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 * @example
 * ```ts
 * span.setAttributes(errorAttributes(error)) // { 'error.type': 'ECONNREFUSED' }
 * ```
 */
export function errorAttributes(error: unknown): Attributes {
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; name?: unknown }
  return { 'error.type': isWord(code) ? code : isWord(name) ? name : '_OTHER' }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.:/-]{1,100}$/.test(value)
}
