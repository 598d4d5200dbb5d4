// Loki, a trace backend and a downstream service, of which each fails in every way now and then. Loki's own rule holds: an entry with
// the stream, the time and the text of one that was taken is the same entry.
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** @param random - from 0 to 1 */
export async function startReceiver(random) {
  const taken = new Map()
  const counts = { spans: 0, withoutTrace: 0, repeated: 0, failures: {} }
  let down = false

  const server = createServer((request, response) => {
    const chunks = []
    request.on('error', () => undefined)
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/downstream') return response.end('ok')
      const fault = down
        ? 'reset'
        : (['503', '429', 'reset', 'timeout after taking', 'reset after taking'][Math.floor(random() * 100)] ?? 'none')
      if (fault !== 'none') counts.failures[fault] = (counts.failures[fault] ?? 0) + 1
      if (fault === '503') return response.writeHead(503).end()
      if (fault === '429') return response.writeHead(429, { 'retry-after': '1' }).end()
      if (fault === 'reset') return request.socket.destroy()
      take(request, Buffer.concat(chunks))
      if (fault === 'timeout after taking') return undefined
      if (fault === 'reset after taking') return request.socket.destroy()
      return response.writeHead(request.url.startsWith('/loki') ? 204 : 200).end()
    })
  })

  function take({ url, headers }, bytes) {
    const body = JSON.parse(headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
    if (!url.startsWith('/loki')) {
      for (const { scopeSpans } of body.resourceSpans) for (const { spans } of scopeSpans) counts.spans += spans.length
      return
    }
    for (const { stream, values } of body.streams)
      for (const [time, text, metadata] of values) {
        const { n } = JSON.parse(text)
        if (!/^[0-9a-f]{32}$/.test(metadata?.trace_id)) counts.withoutTrace++
        const entry = `${JSON.stringify(stream)}${time}`
        // The number alone, with what makes the entry: all texts of half an hour would be the memory of this process.
        if (taken.get(n) === undefined) taken.set(n, entry)
        else if (taken.get(n) !== entry) counts.repeated++
      }
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts,
    taken,
    outage(on) {
      down = on
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
