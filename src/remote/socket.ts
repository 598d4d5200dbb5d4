import type { Connection } from './connection.js'

/** What is heard of a websocket. */
export interface SocketEvents {
  text(text: string): void
  /** Once; also where it never opened. */
  ended(why: string): void
}

/** An open websocket. */
export interface RemoteSocket {
  /** Nothing is heard of it any more. */
  close(): void
}

/** @returns `undefined` where it does not open in time, or the signal is aborted; why is not told to clients */
export async function openSocket(
  connection: Connection,
  url: URL,
  headers: Record<string, string>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  events: SocketEvents,
): Promise<RemoteSocket | undefined> {
  const { undici, dispatcher } = await connection.forSockets()
  if (signal.aborted) return undefined
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new undici.WebSocket(url, { dispatcher, headers })
  const silence = new AbortController()
  const listen = { signal: silence.signal }
  const close = (): void => {
    silence.abort()
    signal.removeEventListener('abort', close)
    // One that never opens reports an error of its own when it is closed.
    socket.addEventListener('error', () => undefined)
    socket.close()
  }
  signal.addEventListener('abort', close)
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(`no websocket within ${timeoutMs} ms`), timeoutMs)
    const end = (why: string): void => {
      clearTimeout(timer)
      close()
      resolve(undefined)
      events.ended(why)
    }
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    socket.addEventListener(
      'open',
      () => {
        clearTimeout(timer)
        resolve({ close })
      },
      listen,
    )
    socket.addEventListener('message', ({ data }) => events.text(typeof data === 'string' ? data : ''), listen)
    socket.addEventListener('error', () => end('the connection broke'), listen)
    socket.addEventListener(
      'close',
      ({ code, reason }) => end(`the server closed the connection (${code}${reason === '' ? '' : ` ${reason}`})`),
      listen,
    )
  })
}
