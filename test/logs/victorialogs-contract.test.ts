import { describeLogSource } from '../contract/log-source.js'
import { startVictoriaLogsDouble } from '../support/victorialogs-double/server.js'
import { victoriaStore } from '../support/victorialogs-store.js'

const real = process.env['VICTORIALOGS_URL']?.replace(/\/+$/, '')

for (const text of ['word', 'anywhere'] as const) {
  describeLogSource(`victoriaLogs over the double, with the ID ${text} in the text`, async () => {
    const double = await startVictoriaLogsDouble()
    return { ...victoriaStore(double.url, { text }), close: () => double.close() }
  })

  describeLogSource(
    `victoriaLogs over the VictoriaLogs of VICTORIALOGS_URL, with the ID ${text} in the text`,
    () => Promise.resolve({ ...victoriaStore(real ?? '', { text }), close: () => Promise.resolve() }),
    { when: real !== undefined, timeoutMs: 120_000 },
  )
}
