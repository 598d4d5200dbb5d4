/** What a container runtime, or a tool that shows its logs, put in front of a line. */
export interface Wrapping {
  /** Names the writer: its lines may stand between those of others. */
  stream: string
  /** Where in the line what was written begins. */
  at: number
  /** The runtime cut here what was written as one line. */
  partial: boolean
  /** As the runtime wrote it. */
  time?: string
}

/** containerd, CRI-O and the pod files of Kubernetes: `2026-11-21T03:44:00.123456789Z stdout F <line>`. */
const cri = /^(\d{4}-\S{15,40}) (stdout|stderr) ([PF])(?::\S*)? /
/** `docker compose logs`: `orders-1  | <line>`; any name where JSON follows, since text has bars of its own. */
const compose = /^([\w.-]{0,100}[_-]\d{1,5}) {1,100}\| ?|^([\w.-]{1,100}) {1,100}\| *(?=\{)/
/** `kubectl logs --prefix`. */
const kubectl = /^\[(pod\/[\w./-]{1,300})\] /

/** @param head - the first few hundred characters of the line do */
export function wrappingOf(head: string): Wrapping | undefined {
  const byRuntime = cri.exec(head)
  if (byRuntime !== null) {
    const [{ length: at }, time = '', stream = '', tag] = byRuntime
    return { stream, at, partial: tag === 'P', time }
  }
  const byTool = compose.exec(head) ?? kubectl.exec(head)
  return byTool === null ? undefined : { stream: byTool[1] ?? byTool[2] ?? '', at: byTool[0].length, partial: false }
}

/** The beginning of a line of Docker's json-file: `{"log":"<line>\n","stream":"stdout","time":"…"}`. */
export const dockerHead = '{"log":"'
const dockerTail = /(\\*)(n?)","stream":"(stdout|stderr)"/

/** The stream of a line that begins with `dockerHead`, and whether Docker cut it, which it does every 16 KB. */
export function dockerStream(tail: string): { stream: string; partial: boolean } | undefined {
  const [, backslashes = '', n, stream] = dockerTail.exec(tail) ?? []
  // An even number of backslashes stands for themselves.
  return stream === undefined ? undefined : { stream, partial: !(n === 'n' && backslashes.length % 2 === 1) }
}
