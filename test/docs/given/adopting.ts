// oxlint-disable-next-line import/no-unassigned-import -- it extends `expect`
import 'spanlog/testing/vitest'
import * as tracing from 'spanlog/tracing'
import { expect } from 'vitest'
import type { Given } from '../fragment.js'
import { express } from './servers.js'

/** What the seven steps take for granted: an application, and at the end a recorder. */
export function adopting(): Given {
  const telemetry = { trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spans: [] }, entries: [] }
  return { names: { ...express().names, ...tracing, expect, telemetry } }
}
