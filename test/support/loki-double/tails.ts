import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { tailMessage } from './answers.js'
import { type CompiledQuery, compileLogql } from './logql.js'
import type { Stored } from './store.js'

/** The websockets of `tail`, and what may go wrong with them. */
export class Tails {
  /** Nothing is opened, as behind a proxy that knows no websockets. */
  refuses = false
  /** New lines are not sent on. */
  isDeaf = false
  readonly #server = new WebSocketServer({ noServer: true })
  readonly #open = new Map<WebSocket, (line: Stored) => boolean>()

  get size(): number {
    return this.#open.size
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, query: URLSearchParams, lines: readonly Stored[]): void {
    if (this.refuses) {
      socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
      return
    }
    let compiled: CompiledQuery
    try {
      compiled = compileLogql(query.get('query') ?? '')
    } catch (error) {
      const text = (error as Error).message
      socket.end(`HTTP/1.1 400 Bad Request\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`)
      return
    }
    const { selects, keeps } = compiled
    const start = BigInt(query.get('start') ?? 0)
    this.#server.handleUpgrade(request, socket, head, (client) => {
      const finds = (line: Stored): boolean => selects(line.labels) && keeps({ ...line, parsed: {} })
      this.#open.set(client, finds)
      client.once('close', () => this.#open.delete(client))
      const history = lines.filter((line) => line.at >= start && finds(line)).slice(-100)
      if (history.length > 0) client.send(tailMessage(history))
    })
  }

  add(line: Stored): void {
    if (this.isDeaf) return
    for (const [client, finds] of this.#open) if (finds(line)) client.send(tailMessage([line]))
  }

  /** Whatever it is, to one of them. */
  send(text: string): void {
    const [client] = this.#open.keys()
    client?.send(text)
  }

  /** Breaks them all off. */
  cut(): void {
    for (const client of this.#open.keys()) client.terminate()
  }

  /** Closes them all, as Loki does after an hour. */
  close(): void {
    for (const client of this.#open.keys()) client.close(1000, 'reached tail max duration limit')
  }
}
