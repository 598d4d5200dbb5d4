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
  return (
    output
      .replaceAll(/\b[0-9a-f]{32}\b/g, (id) => name('trace', id))
      .replaceAll(/\b[0-9a-f]{16}\b/g, (id) => name('span', id))
      .replaceAll(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g, (id) => name('uuid', id))
      .replaceAll(/"time":\d+/g, '"time":0')
      .replaceAll(/"pid":\d+/g, '"pid":0')
      .replaceAll(/"hostname":"[^"]*"/g, '"hostname":""')
      .replaceAll(/("durationMs":|"responseTime":|durationMs=)[\d.]+/g, '$10')
      // A drawn trace: how long each span took, and when each line came.
      .replaceAll(/ *\+?\b\d[\d.]*(?:µs|ms|s)\b/g, ' 0ms')
      .replaceAll(/\b\d+ % of the time/g, '0 % of the time')
      .replaceAll(/ *[▏▎▍▌▋▊▉█░][▏▎▍▌▋▊▉█░ ]*/g, ' █ ')
      .replaceAll('\r', '')
      .trimEnd()
  )
}
