import { traceHandler } from 'spanlog/lambda'
import type { Given } from '../fragment.js'
import { adopting } from './adopting.js'
import { express, grpc, nest } from './servers.js'
import { clients, spans } from './spans.js'
import { emptyLoki, loki, shipping, tempo, victoriaLogs } from './stores.js'
import { vitest } from './testing.js'
import { brokers, worker } from './work.js'

/** What each page takes for granted beside what all do (`common.ts`). */
export const givens: Record<string, () => Given | Promise<Given>> = {
  'docs/analysis.md': tempo,
  'docs/context.md': worker,
  'docs/data-protection.md': loki,
  'docs/fields.md': express,
  'docs/flight-recorder.md': () => ({
    names: { secret: 'a secret of 32 characters, or more', fetch: () => undefined },
    instead: { 'process.env.SPANLOG_DEBUG_SECRET': 'secret' },
  }),
  'docs/frameworks.md': express,
  'docs/grpc.md': grpc,
  'docs/guides/adopting.md': adopting,
  'docs/guides/correlation-id.md': express,
  'docs/guides/lambda.md': () => ({ names: { traceHandler, handle: () => undefined } }),
  'docs/guides/loki.md': loki,
  'docs/guides/nestjs.md': nest,
  'docs/guides/queues.md': () => ({ names: { order: 7, process: () => undefined } }),
  'docs/guides/testing.md': vitest,
  'docs/http.md': express,
  'docs/loki.md': loki,
  'docs/messaging.md': brokers,
  'docs/migrating/cls-rtracer.md': express,
  'docs/migrating/loki-transports.md': emptyLoki,
  'docs/migrating/pino-http.md': express,
  'docs/other-stores.md': victoriaLogs,
  'docs/shipping.md': shipping,
  'docs/spans.md': spans,
  'docs/sql.md': clients,
  'docs/testing.md': vitest,
  'docs/traces.md': tempo,
}
