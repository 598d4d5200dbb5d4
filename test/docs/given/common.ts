import { PassThrough } from 'node:stream'
import * as spanlog from 'spanlog'
import pino from 'spanlog/pino'

/** Names that any page may use without a word: spanlog's own, a logger, an ID, a request that ends soon. */
export const common = (): Record<string, unknown> => ({
  ...spanlog,
  log: pino(new PassThrough().resume()),
  traceId: '0af7651916cd43dd8448eb211c80319c',
  signal: AbortSignal.timeout(200),
})
