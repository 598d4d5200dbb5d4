import { once } from 'node:events'
import { finished, PassThrough, Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzip } from 'node:zlib'
import type { Row } from './row.js'

/** A stream that many requests write to, and that takes one chunk at a time. */
function sharedSink(): Writable {
  return new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => setImmediate(done) })
}

export const streams: Row[] = [
  {
    where: '`data` and `end` of a stream that is made and read in the trace',
    async run({ see }) {
      const through = new PassThrough().on('data', see).on('end', see)
      await pipeline(Readable.from(['a', 'b']), through)
      see()
    },
  },
  {
    where: '`for await` of a stream',
    async run({ see, elsewhere }) {
      const stream = new PassThrough()
      setImmediate(() => elsewhere(() => stream.end('a')))
      for await (const _ of stream) see()
    },
  },
  {
    where: '`read`, and the functions of `map` and `filter`, of a stream made in the trace',
    async run({ see }) {
      const stream = new Readable({
        read() {
          see()
          this.push('a')
          this.push(null)
        },
      })
      await stream
        .map((chunk: unknown) => {
          see()
          return chunk
        })
        .toArray()
    },
  },
  {
    where: '`data` of a stream that another request feeds',
    how: '`bindTrace(stream)` before listeners are added',
    async run({ see, bind, elsewhere }) {
      const stream = bind(new PassThrough())
      stream.on('data', () => see())
      elsewhere(() => stream.write('a'))
      await once(stream.end(), 'end')
    },
  },
  {
    where: '`end` of a stream that another request feeds and ends',
    how: '`bindTrace(stream)` before listeners are added',
    async run({ see, bind, elsewhere }) {
      const stream = bind(new PassThrough())
      stream.on('end', () => see())
      stream.resume()
      elsewhere(() => stream.end('a'))
      await once(stream, 'end')
    },
  },
  {
    where: '`finished(stream, callback)`, where another request ends the stream, on Node 20',
    keptFrom: 22,
    how: '`finished(stream, bindTrace(callback))`',
    async run({ see, bind, elsewhere }) {
      const stream = new PassThrough()
      finished(
        stream,
        bind(() => see()),
      )
      stream.resume()
      elsewhere(() => stream.end())
      await once(stream, 'close')
    },
  },
  {
    where: '`transform` of a stream shared by requests, under back-pressure',
    how: 'bind what is written to the trace (`{ chunk, done: bindTrace(done) }`), not the stream',
    async run({ see, bind, elsewhere, outside }) {
      const shared = outside(
        () =>
          new Transform({
            objectMode: true,
            highWaterMark: 1,
            transform(chunk: () => void, _encoding, done) {
              chunk()
              setImmediate(done)
            },
          }),
      )
      shared.resume()
      elsewhere(() => shared.write(() => {}))
      shared.write(bind(() => see()))
      shared.end()
      await once(shared, 'end')
    },
  },
  {
    where: 'the callback of `writable.write(chunk, callback)`, behind what another request wrote',
    how: '`writable.write(chunk, bindTrace(callback))`',
    async run({ see, bind, elsewhere, outside }) {
      const shared = outside(sharedSink)
      elsewhere(() => shared.write('a'))
      shared.write(
        'b',
        bind(() => see()),
      )
      shared.end()
      await once(shared, 'finish')
    },
  },
  {
    where: '`drain`, where another request filled the stream',
    how: '`writable.once("drain", bindTrace(listener))`, or `await once(writable, "drain")`',
    async run({ see, bind, elsewhere, outside }) {
      const shared = outside(sharedSink)
      elsewhere(() => shared.write('a'))
      shared.once(
        'drain',
        bind(() => see()),
      )
      await once(shared, 'drain')
    },
  },
  {
    where: '`pull` of a web `ReadableStream` made here that is read here',
    async run({ see }) {
      const stream = new ReadableStream<string>({
        pull(controller) {
          see()
          controller.close()
        },
      })
      await stream.getReader().read()
    },
  },
  {
    where: '`pull` of a web `ReadableStream` made here that is read outside (a `Response` that a server sends)',
    how: '`new ReadableStream({ pull: bindTrace(pull) })`',
    async run({ see, bind, outside }) {
      let count = 0
      const stream = new ReadableStream<string>(
        {
          pull: bind(((controller: ReadableStreamDefaultController<string>) => {
            see()
            if (++count === 2) controller.close()
            else controller.enqueue('a')
          }) as () => void),
        },
        { highWaterMark: 0 },
      )
      const chunks: string[] = []
      await outside(async () => {
        for await (const chunk of stream) chunks.push(chunk)
      })
    },
  },
  {
    where: '`transform` of a web `TransformStream` made and used here',
    async run({ see }) {
      const source = new ReadableStream<string>({
        start(controller) {
          controller.enqueue('a')
          controller.close()
        },
      })
      const through = source.pipeThrough(
        new TransformStream<string, string>({ transform: (chunk, controller) => (see(), controller.enqueue(chunk)) }),
      )
      for await (const _ of through) see()
    },
  },
  { where: 'the callback of `zlib.gzip`', run: ({ see }) => gzip('a', () => see()) },
  {
    where: '`data` of a stream of `zlib` made and fed here',
    async run({ see }) {
      const stream = createGzip().on('data', see)
      stream.end('a')
      await once(stream, 'end')
    },
  },
]
