export { recordTelemetry, type TelemetryRecorder } from './record.js'
