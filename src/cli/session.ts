import { SpanlogError } from '../errors.js'

/** One run of the command line: where its output goes, and what may end it early. */
export interface Session {
  /** Aborted by Ctrl-C, and when the reader of stdout has gone. */
  signal: AbortSignal
  /** Whether stdout shows colours. */
  color: boolean
  /** How wide stdout is; absent where it is no terminal and nobody says. */
  width: number | undefined
  /** Writes to stdout; resolves when it can take more. After an abort nothing is written. */
  print: (text: string) => Promise<void>
  /** Whether `progress` can show anything: stderr is a terminal, and nothing was printed to it that would be torn apart. */
  readonly canShowProgress: boolean
  /** Puts a text into the last line of the terminal, cut to its width, instead of the one before; `undefined` wipes it away. */
  progress: (text: string | undefined) => void
  /** Writes a line to stderr, behind all that was printed. */
  note: (text: string) => Promise<void>
  /** Writes what is still held back. */
  flush: () => Promise<void>
  /** What ended it early: Ctrl-C, a closed pipe, or that stdout cannot be written. */
  ended: () => 'interrupted' | 'reader gone' | SpanlogError | undefined
}

const bufferLength = 64 * 1024

/** What a session needs of the process that it runs in. */
export type Host = Pick<NodeJS.Process, 'env' | 'stdout' | 'stderr' | 'once'>

export function openSession(host: Host): Session {
  const { env, stdout, stderr } = host
  const controller = new AbortController()
  const { signal } = controller
  let early: ReturnType<Session['ended']>
  const end = (why: typeof early): void => {
    early ??= why
    controller.abort()
  }
  // Once: a second Ctrl-C ends the process whatever it is doing.
  host.once('SIGINT', () => end('interrupted'))
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (stream !== stdout) return
      if (error.code === 'EPIPE') end('reader gone')
      else end(new SpanlogError('OUTPUT_UNWRITABLE', `standard output could not be written: ${error.message}`, { cause: error }))
    })
  }

  let held = ''
  let scheduled = false
  let printed = false
  let shown = false
  const canShowProgress = stderr.isTTY && env['TERM'] !== 'dumb'
  function progress(text: string | undefined): void {
    // Where lines are on the screen, they show by themselves how far it is.
    const isWanted = text !== undefined && canShowProgress && !(printed && stdout.isTTY) && !signal.aborted
    if (!isWanted && !shown) return
    stderr.write(isWanted ? `\r\u001b[K${text.slice(0, (stderr.columns || 80) - 1)}` : '\r\u001b[K')
    shown = isWanted
  }

  async function flush(): Promise<void> {
    const text = held
    held = ''
    if (text === '' || (early !== undefined && early !== 'interrupted')) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      stdout.write(text, done)
      if (signal.aborted) done()
    })
  }

  return {
    signal,
    color: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    width: stdout.isTTY ? stdout.columns : columnsOf(env['COLUMNS']),
    canShowProgress,
    progress,
    async print(text) {
      if (signal.aborted) return
      printed = true
      if (stdout.isTTY) progress(undefined)
      held += text
      if (held.length >= bufferLength) await flush()
      else if (!scheduled) {
        // A slow source's lines appear as they come, a fast one's in large pieces.
        scheduled = true
        setImmediate(() => {
          scheduled = false
          void flush()
        })
      }
    },
    async note(text) {
      await flush()
      progress(undefined)
      if (early !== 'reader gone') stderr.write(`${text}\n`)
    },
    flush,
    ended: () => early,
  }
}

function columnsOf(given: string | undefined): number | undefined {
  const columns = Number(given)
  return Number.isInteger(columns) && columns > 0 ? columns : undefined
}
