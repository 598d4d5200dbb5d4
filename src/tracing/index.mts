export {
  type BatchOptions,
  type ExporterOption,
  type FileExporterOptions,
  type OtlpExporterOptions,
  startTracing,
  type Tracing,
  type TracingOptions,
} from './index.js'
