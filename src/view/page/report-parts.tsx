import type { JSX } from 'preact'
import type { TrafficReport } from '../report.js'
import type { ServiceInfo } from './model.js'

export interface ReportProps {
  report: TrafficReport
  services: Map<string, ServiceInfo>
}

export const maxRows = 100

/** Says where rows are left out. */
export function More({ of }: { of: readonly unknown[] }): JSX.Element | null {
  return of.length > maxRows ? <p class="hint">… and {of.length - maxRows} more.</p> : null
}
