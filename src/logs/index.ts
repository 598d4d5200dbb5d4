export type { Severity } from '../fields/severity.js'
export type { RemoteOptions } from '../remote/options.js'
export type { RemoteTls } from '../remote/tls.js'
export { type AuditOptions, auditedLogs } from './audited.js'
export { eventLogs } from './events/source.js'
export { type FileLogsOptions, fileLogs } from './files/source.js'
export { fromJson, type LogEntryJson, toJson } from './json.js'
export type { LokiLogsOptions } from './loki/options.js'
export { lokiLogs } from './loki/source.js'
export type {
  LogEntry,
  LogFollowOptions,
  LogGap,
  LogQuery,
  LogQueryOptions,
  LogSearch,
  LogSource,
  LogStats,
  LogVerdict,
} from './types.js'
export type { VictoriaLogsOptions } from './victorialogs/options.js'
export { victoriaLogs } from './victorialogs/source.js'
