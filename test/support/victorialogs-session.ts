import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { startVictoriaLogsDouble, type VictoriaLogsDouble } from './victorialogs-double/server.js'

export const second = 1_000_000_000n

/** A trace ID that no other test has. */
export const newId = (): string => randomBytes(16).toString('hex')

/** A double that lasts as long as the test. */
export async function victoria(): Promise<VictoriaLogsDouble> {
  const double = await startVictoriaLogsDouble()
  onTestFinished(() => double.close())
  return double
}

export const texts = (entries: readonly { line: string }[]): string[] => entries.map(({ line }) => line)
