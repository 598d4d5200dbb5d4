/** OTLP in JSON; only what the double looks at has a type. */
export interface Otlp {
  resourceSpans?: ResourceSpans[]
}
export interface ResourceSpans {
  resource?: { attributes?: unknown[] }
  scopeSpans?: { scope?: object; spans?: OtlpSpan[] }[]
}
export type OtlpSpan = Record<string, unknown> & { traceId: string; spanId: string; kind?: number; startTimeUnixNano: string }

/** As OTLP/JSON writes it. */
export interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: string; doubleValue?: number; boolValue?: boolean }
}
export interface StoredSpan {
  span: OtlpSpan
  resource: Attribute[]
}

/** Spans as they were sent, and as Tempo hands them out. */
export class TempoStore {
  readonly #batches: ResourceSpans[] = []

  /** @throws Error with the text of a refusal */
  push(data: Otlp): void {
    for (const batch of data.resourceSpans ?? []) {
      for (const { traceId } of spansOf(batch)) {
        if (!/^[0-9a-f]{32}$/i.test(traceId))
          throw new Error('ReadObject: error found in #10 byte of ...|traceId|..., invalid length for ID')
      }
      this.#batches.push(batch)
    }
  }

  /** All trace IDs, and the spans of one as they were sent, beside the service of each. */
  traceIds(): string[] {
    return [...new Set(this.#batches.flatMap((batch) => spansOf(batch).map(({ traceId }) => traceId.toLowerCase())))]
  }

  spans(traceId: string): StoredSpan[] {
    const seen = new Set<string>()
    return this.#batches.flatMap((batch) =>
      spansOf(batch)
        .filter((span) => span.traceId.toLowerCase() === traceId && !seen.has(span.spanId) && seen.add(span.spanId).size > 0)
        .map((span) => ({ span, resource: (batch.resource?.attributes ?? []) as Attribute[] })),
    )
  }

  /** The trace in protobuf's JSON, in the order of the first span of each resource; each span once. */
  batches(traceId: string): object[] {
    const seen = new Set<string>()
    const isNew = (span: OtlpSpan): boolean => {
      if (span.traceId.toLowerCase() !== traceId) return false
      const key = `${span.spanId} ${span.kind}`
      return !seen.has(key) && seen.add(key).size > 0
    }
    return this.#batches
      .map((batch) => onlyScopes(batch, (spans) => spans.filter(isNew).toSorted(byStart)))
      .filter((batch) => spansOf(batch).length > 0)
      .toSorted((a, b) => byStart(spansOf(a)[0]!, spansOf(b)[0]!))
      .map((batch) => onlyScopes(batch, (spans) => spans.map(inProtobufJson)))
  }
}

/** The batch with other spans; scopes without any go. */
function onlyScopes(batch: ResourceSpans, change: (spans: OtlpSpan[]) => object[]): ResourceSpans {
  const scopeSpans = (batch.scopeSpans ?? []).flatMap((scope) => {
    const spans = change(scope.spans ?? []) as OtlpSpan[]
    return spans.length > 0 ? [{ ...scope, spans }] : []
  })
  return { ...batch, scopeSpans }
}

function spansOf(batch: ResourceSpans): OtlpSpan[] {
  return (batch.scopeSpans ?? []).flatMap(({ spans = [] }) => spans)
}

function byStart(a: OtlpSpan, b: OtlpSpan): number {
  return Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano))
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const codes = ['UNSET', 'OK', 'ERROR']

/** IDs in base64, enums by name; what is empty, zero or newer than the double's Tempo is absent. */
function inProtobufJson(span: OtlpSpan): object {
  const { traceId, spanId, parentSpanId, kind, status, links, flags: _flags, ...rest } = span
  const { code, ...restOfStatus } = (status ?? {}) as { code?: number; message?: string }
  return withoutEmpty({
    ...rest,
    traceId: base64(traceId),
    spanId: base64(spanId),
    parentSpanId: base64((parentSpanId as string | undefined) ?? ''),
    ...(kind !== undefined && kind !== 0 && { kind: `SPAN_KIND_${kinds[kind]}` }),
    links: ((links ?? []) as { traceId: string; spanId: string }[]).map((link) =>
      withoutEmpty({ ...link, traceId: base64(link.traceId), spanId: base64(link.spanId) }),
    ),
    status: withoutEmpty({ ...restOfStatus, ...(code && { code: `STATUS_CODE_${codes[code]}` }) }),
  })
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

function withoutEmpty(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0)))
}
