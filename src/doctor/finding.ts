export type FindingSeverity = 'error' | 'warning' | 'info'

/** Each code with how bad it is and what to do about it. Codes are stable; texts may be reworded. */
const catalogue = {
  API_MISSING: ['error', 'npm install @opentelemetry/api@1.9'],
  API_COPIES: [
    'error',
    'keep one version: `npm ls @opentelemetry/api`, then `overrides` (npm, pnpm) or `resolutions` (yarn) in package.json',
  ],
  API_SHUT_OUT: [
    'error',
    'let all of the process use one version of @opentelemetry/api; `npm ls @opentelemetry/api` shows who brings another',
  ],
  SDK_SHUT_OUT: ['error', 'install a version of @opentelemetry/api that the SDK takes: 1.9 for the 2.x line, 1.10 for 3.x'],
  PACKAGE_COPIES: ['warning', 'keep one version: `npm ls <package>`, then `npm dedupe`, or `overrides` in package.json'],
  PEER_VERSION: ['error', 'install a version in the range'],
  PEER_MISSING: ['error', 'install it: npm install <package>'],
  NODE_VERSION: ['error', 'use the Node.js that the package asks for, or an older line of the package'],
  MODULE_BROKEN: ['error', 'reinstall it, and see the cause'],
  NOT_WALKED: ['info', 'run the service: spanlog doctor --run "<command>" sees what it loads, wherever that lies'],
  LOGGER_NOT_REACHED: [
    'warning',
    "import 'spanlog/register' once, or start by `node --import spanlog/register`, or take the logger from spanlog/pino or spanlog/winston",
  ],
  LINES_WITHOUT_IDS: ['warning', "import 'spanlog/register' in the service, and log inside the context of the request"],
  TRACED_TWICE: ['info', 'switch one of the two off: each line pays for both'],
  REQUEST_ID_TWICE: ['info', 'let both be the trace ID: pinoHttp({ genReqId: () => correlationId() })'],
  NO_PROVIDER: ['warning', 'start tracing before all else: `node --import ./tracing.mjs`, with startTracing of spanlog/tracing or an SDK'],
  NO_CONTEXT_MANAGER: ['error', 'register one: `provider.register()`, or AsyncLocalStorageContextManager; startTracing does it'],
  NO_PROPAGATOR: ['error', 'register one: `provider.register()`, or W3CTraceContextPropagator; startTracing does it'],
  RUN_SILENT: ['error', 'give the command that starts the service with node; what it printed stands above'],
  RUN_QUIET: ['info', 'let it run for longer (--for), and send it requests meanwhile: what it did not do was not looked at'],
  NO_LINES: ['warning', 'check the selector, the tenant, the window (--from), and that the agent runs'],
  ID_IS_LABEL: ['warning', 'send it as structured metadata: a label whose values never end makes one stream of each trace'],
  ID_IN_TEXT: ['info', 'send it as structured metadata as well: Loki then finds it without reading the texts'],
  ID_MALFORMED: ['warning', 'write 32 lower-case hex digits: a trace store knows nothing else'],
  STORE_FAILED: ['error', 'correct what the store says'],
  CLOCK_OF_STORE: ['warning', 'synchronise both clocks (NTP): lines seem to come late, or from the future'],
  TRACE_UNKNOWN: ['error', 'check the sampler, the exporter and the retention of the store'],
  TRACE_WITHOUT_LINES: ['error', 'check that lines reach the store (spanlog doctor --loki), and that they carry IDs'],
  TRACE_NOT_PROVEN: ['info', 'ask again when the store has all of it'],
  SERVICE_WITHOUT_LINES: ['warning', 'make its logger trace-aware, and see that an agent sends its lines'],
  SERVICE_WITHOUT_SPANS: ['warning', 'start tracing in it, and export to the same store'],
  SPANS_MISSING: ['warning', 'export the spans of every service to one store, flush them at the end, let one sampler decide'],
  SPANS_TWICE: ['warning', 'switch one of the two off: instrumentation-http, or the edge of spanlog/http or of a framework'],
  CLOCKS_DIFFER: ['warning', 'synchronise the clocks of the hosts (NTP)'],
} as const satisfies Record<string, readonly [FindingSeverity, string]>

export type FindingCode = keyof typeof catalogue

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  code: FindingCode
  severity: FindingSeverity
  /** As a clause, without a final stop. */
  what: string
  /** Files and folders where it is so. */
  paths?: string[]
  remedy: string
}

export const findingCodes: readonly string[] = Object.keys(catalogue)

/** @param as - in place of the catalogue's severity and remedy */
export function finding(code: FindingCode, what: string, as: Partial<Pick<Finding, 'severity' | 'paths' | 'remedy'>> = {}): Finding {
  const [severity, remedy] = catalogue[code]
  const { paths = [], ...rest } = as
  return { code, severity, what, ...(paths.length > 0 && { paths }), remedy, ...rest }
}

const order: readonly FindingSeverity[] = ['error', 'warning', 'info']

/** The worst first, none twice. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((one) => [`${one.code} ${one.what}`, one]))
  return [...unique.values()].toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
