export type { BatchOptions, ExporterOption, FileExporterOptions, OtlpExporterOptions, TracingOptions } from './options.js'
export { startTracing, type Tracing } from './start.js'
