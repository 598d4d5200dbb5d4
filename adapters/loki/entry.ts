/** What Loki keeps of a line, as it stands in the spool: from here on nothing of it changes, so that a line sent twice is kept once. */
export interface Entry {
  /** The stream: labels as JSON, their names sorted. */
  labels: string
  /** `["<nanoseconds>","<line>",{…structured metadata}]`, as JSON. */
  value: string
}

export function timeOf({ value }: Entry): bigint {
  return BigInt(value.slice(2, value.indexOf('"', 2)))
}

export function lineOf({ value }: Entry): string {
  return (JSON.parse(value) as [string, string])[1]
}

/** The body of a push. Lines of a stream stay in their order. */
export function pushBody(entries: readonly Entry[], withMetadata: boolean): string {
  const streams = new Map<string, string[]>()
  for (const { labels, value } of entries) {
    const values = streams.get(labels)
    const sent = withMetadata ? value : withoutMetadata(value)
    if (values === undefined) streams.set(labels, [sent])
    else values.push(sent)
  }
  return `{"streams":[${[...streams].map(([labels, values]) => `{"stream":${labels},"values":[${values.join(',')}]}`).join(',')}]}`
}

function withoutMetadata(value: string): string {
  return JSON.stringify((JSON.parse(value) as unknown[]).slice(0, 2))
}
