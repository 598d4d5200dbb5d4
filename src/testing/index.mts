export {
  type ErrorExpectation,
  type LogExpectation,
  type RedactionRules,
  recordTelemetry,
  type SpanExpectation,
  type SpanlogMatchers,
  spanlogMatchers,
  type Telemetry,
  type TelemetryRecorder,
} from './index.js'
