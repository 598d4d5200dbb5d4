import type { Attributes } from '@opentelemetry/api'
import type { Carrier } from '../../src/context/carrier.js'
import type { SpanOptions } from '../../src/context/span-options.js'
import { messagingAttributes } from '../../src/semantics/calls.js'
import { methodAttributes, nameOfMethod } from '../http/request.js'
import { messageAttributes } from '../messaging/sqs.js'

/** What an event says of the invocation's span. */
export interface EventFacts {
  name?: string
  kind: NonNullable<SpanOptions['kind']>
  attributes: Attributes
  carriers: readonly Carrier[]
  /** Whether the result is the answer to a request over HTTP. */
  http: boolean
}

/** API Gateway (REST, HTTP), function URLs, load balancers. */
interface HttpEvent {
  headers?: Record<string, unknown> | null
  multiValueHeaders?: Record<string, unknown> | null
  httpMethod?: string
  path?: string
  resource?: string
  routeKey?: string
  rawPath?: string
  requestContext?: { http?: { method?: string } } | null
}

/** SQS and SNS; of what else has records (S3, DynamoDB, Kinesis) none carries headers. */
interface RecordsEvent {
  Records: readonly {
    eventSource?: string
    EventSource?: string
    eventSourceARN?: string
    messageAttributes?: unknown
    Sns?: { MessageAttributes?: unknown; TopicArn?: string }
  }[]
}

/** @see https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/ */
export function factsOfEvent(event: unknown): EventFacts {
  if (typeof event === 'object' && event !== null) {
    if ('Records' in event && Array.isArray(event.Records)) return factsOfRecords(event as unknown as RecordsEvent)
    const { httpMethod, requestContext } = event as HttpEvent
    const method = requestContext?.http?.method ?? httpMethod
    if (typeof method === 'string') return factsOfRequest(event, method)
  }
  return { kind: 'server', attributes: { 'faas.trigger': 'other' }, carriers: [], http: false }
}

function factsOfRequest(event: HttpEvent, method: string): EventFacts {
  // `GET /orders/{id}`, or `$default`; a REST API has it as `resource`, and `/{proxy+}` where it catches all.
  const route = event.resource ?? /^\S+ (\/.*)$/.exec(event.routeKey ?? '')?.[1]
  return {
    name: route === undefined ? nameOfMethod(method) : `${nameOfMethod(method)} ${route}`,
    kind: 'server',
    attributes: {
      'faas.trigger': 'http',
      ...methodAttributes(method),
      ...(route !== undefined && { 'http.route': route }),
      'url.path': event.rawPath ?? event.path ?? '/',
    },
    // A load balancer sends one of the two, a REST API both.
    carriers: [event.headers ?? event.multiValueHeaders ?? {}],
    http: true,
  }
}

function factsOfRecords({ Records }: RecordsEvent): EventFacts {
  const [first] = Records
  const source = first?.eventSource ?? first?.EventSource ?? ''
  const destination = (first?.Sns?.TopicArn ?? first?.eventSourceARN)?.split(':').at(-1)
  const system = /^aws:(sqs|sns)$/.exec(source)?.[1]
  if (system === undefined) return { kind: 'consumer', attributes: { 'faas.trigger': 'datasource' }, carriers: [], http: false }
  return {
    ...(destination && { name: `process ${destination}` }),
    kind: 'consumer',
    attributes: {
      'faas.trigger': 'pubsub',
      ...messagingAttributes({ system: `aws.${system}`, destination, operation: 'process', type: 'process', batchSize: Records.length }),
    },
    carriers: Records.map((record) => messageAttributes(record.messageAttributes ?? record.Sns?.MessageAttributes)),
    http: false,
  }
}
