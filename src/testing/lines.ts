import { Writable } from 'node:stream'

/** Keeps what loggers write to it. A write is kept before it returns, so a test sees a line right after it was logged. */
export class LineRecorder extends Writable {
  text = ''

  constructor() {
    super({ decodeStrings: true })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }

  lines(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map(parse)
  }
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // A line of text.
  }
  return { line }
}
