import type { SpanContext } from '@opentelemetry/api'

/** A line below its logger's level, as its logger made it; nothing that changes later can change it. */
export interface KeptLine {
  readonly source: LineSource
  /** Of the text. */
  readonly bytes: number
  /** Writes it to where its logger writes, as it was made. */
  write(): void
}

/** The logger or transport that a line is kept for. */
export interface LineSource {
  /** Writes a line, at the level of those that were kept, which tells that older ones were lost. Runs in their trace. */
  tellLost(count: number): void
}

/** What is known of a trace: the lines that are kept of it, or that its lines pass. */
export class TraceRecord {
  /** Lines below their logger's level are written at once: the trace has failed, or it is marked for debugging. */
  passing = false
  /** How many of the spans that began this process's part of the trace have not ended. */
  roots = 0
  /** Lines that had to go. */
  lost = 0
  bytes = 0
  /** Of the last line that was kept. */
  source: LineSource | undefined
  private lines: (KeptLine | undefined)[] = []
  private first = 0

  constructor(
    readonly trace: SpanContext,
    /** The least severe lines that are kept, or pass. */
    public minSeverity: number,
    /** When something was last heard of the trace. */
    public heardMs: number,
  ) {}

  get count(): number {
    return this.lines.length - this.first
  }

  push(line: KeptLine): void {
    this.source = line.source
    this.lines.push(line)
    this.bytes += line.bytes
  }

  /** Removes the oldest line, which there must be. */
  loseOldest(): void {
    this.bytes -= this.lines[this.first]?.bytes ?? 0
    this.lines[this.first++] = undefined
    this.lost++
    // Not at each line, so that a full ring costs no more than a growing one.
    if (this.first > 32 && this.first * 2 > this.lines.length) {
      this.lines = this.lines.slice(this.first)
      this.first = 0
    }
  }

  /** Removes all lines, oldest first. */
  takeAll(): KeptLine[] {
    const taken = this.lines.slice(this.first) as KeptLine[]
    this.lines = []
    this.first = 0
    this.bytes = 0
    return taken
  }
}
