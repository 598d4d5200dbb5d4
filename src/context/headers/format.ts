import type { SpanContext } from '@opentelemetry/api'

/** A trace as headers name it. */
export type NamedTrace = Pick<SpanContext, 'traceId' | 'spanId' | 'traceFlags' | 'traceState'>

/** A way to write a trace into headers, and to read it from them. */
export interface HeaderFormat {
  /** In lower case; all that is read or written. */
  readonly fields: readonly string[]
  /**
   * @param valuesOf - every value that the carrier has under a name
   * @returns `undefined` where they name no trace, or are malformed in any part
   */
  read(valuesOf: (name: string) => readonly string[]): NamedTrace | undefined
  /** By name; `undefined` removes what stood there. */
  write(trace: NamedTrace): Readonly<Record<string, string | undefined>>
}

/** The value of a header that is allowed once; `null` where it comes more often. */
export function single(values: readonly string[]): string | undefined | null {
  return values.length > 1 ? null : values[0]
}
