import { Transform } from 'node:stream'

/** A stage of a pipeline: messages in upper case. */
export default function louder() {
  return new Transform({
    transform: (chunk, _, done) =>
      done(
        null,
        chunk.toString().replace(/"msg":"(\w+)"/g, (_all, msg) => `"msg":"${msg.toUpperCase()}"`),
      ),
  })
}
