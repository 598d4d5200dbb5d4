/** A fenced block of a Markdown file. */
export interface Fence {
  language: string
  text: string
  /** Of the opening fence, from 1. */
  line: number
}

export function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = []
  let open: Fence | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)$/.exec(line)
    if (open && fence) {
      fences.push(open)
      open = undefined
    } else if (fence) open = { language: fence[1] ?? '', text: '', line: index + 1 }
    else if (open) open.text += `${line}\n`
  }
  return fences
}

/** What differs from run to run, put to one form: IDs (the same one each time it comes), times, process and host. */
export function settled(output: string): string {
  const names = new Map<string, string>()
  const name = (kind: string, id: string): string => {
    if (!names.has(id)) names.set(id, `${kind}${names.size + 1}`)
    return names.get(id) ?? ''
  }
  return output
    .replaceAll(/\b[0-9a-f]{32}\b/g, (id) => name('trace', id))
    .replaceAll(/\b[0-9a-f]{16}\b/g, (id) => name('span', id))
    .replaceAll(/"time":\d+/g, '"time":0')
    .replaceAll(/"pid":\d+/g, '"pid":0')
    .replaceAll(/"hostname":"[^"]*"/g, '"hostname":""')
    .replaceAll(/"durationMs":[\d.]+/g, '"durationMs":0')
    .replaceAll('\r', '')
    .trimEnd()
}
