import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { NatsHeaders } from './messages.js'

export interface NatsMessage {
  subject: string
  data: Buffer
  headers: NatsHeaders
}

/** As much of the client protocol as takes a message with headers through a server: https://docs.nats.io/reference/reference-protocols/nats-protocol */
export class NatsClient {
  private buffer = Buffer.alloc(0)

  private constructor(
    private readonly socket: Socket,
    private readonly hear: (message: NatsMessage) => void,
  ) {
    socket.on('data', (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk])
      while (this.take());
    })
  }

  static async connect(port: number, subject: string, hear: (message: NatsMessage) => void): Promise<NatsClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const client = new NatsClient(socket, hear)
    socket.write(`CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\nSUB ${subject} 1\r\n`)
    return client
  }

  publish(subject: string, data: string, { headers }: { headers: NatsHeaders }): void {
    const head = headers.encode()
    this.socket.write(
      `HPUB ${subject} ${Buffer.byteLength(head)} ${Buffer.byteLength(head) + Buffer.byteLength(data)}\r\n${head}${data}\r\n`,
    )
  }

  end(): void {
    this.socket.end()
  }

  /** Takes one line, or one whole message; false where it is still to come. */
  private take(): boolean {
    const end = this.buffer.indexOf('\r\n')
    if (end < 0) return false
    const line = this.buffer.toString('latin1', 0, end)
    const [, subject = '', head = '0', total = '0'] = /^HMSG (\S+) \S+ (?:\S+ )?(\d+) (\d+)$/.exec(line) ?? []
    const next = subject === '' ? end + 2 : end + 2 + Number(total) + 2
    if (this.buffer.length < next) return false
    const body = this.buffer.subarray(end + 2, end + 2 + Number(total))
    this.buffer = this.buffer.subarray(next)
    if (line === 'PING') this.socket.write('PONG\r\n')
    if (subject !== '')
      this.hear({ subject, headers: NatsHeaders.decode(body.toString('latin1', 0, Number(head))), data: body.subarray(Number(head)) })
    return true
  }
}
