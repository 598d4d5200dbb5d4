import type { SpanKindName } from '../traces/types.js'

export const kindNames: readonly SpanKindName[] = ['internal', 'server', 'client', 'producer', 'consumer']
