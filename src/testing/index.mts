export { recordTelemetry, type TelemetryRecorder } from './index.js'
