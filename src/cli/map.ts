import { SpanlogError } from '../errors.js'
import { drawServiceMap } from '../view/terminal/service-map.js'
import { defineCommand } from './command.js'
import { exitCodeOf } from './exit.js'
import { jsonText } from './json.js'
import { manyFlags, readingText, readMany, withPlaces } from './many.js'
import { outputFlags } from './options.js'

/** `spanlog map`: who calls whom. */
export const map = defineCommand({
  usage: '[file or folder ...]',
  flags: {
    ...manyFlags,
    mermaid: { type: 'boolean', help: 'as a Mermaid flowchart, which GitHub and most wikis draw' },
    dot: { type: 'boolean', help: "in Graphviz's DOT language" },
    ...outputFlags,
  },
  examples: ['spanlog map --from 1h', 'spanlog map traces/ --mermaid'],
  help: [
    [
      'Output: calls with their rates, error shares and latencies as the caller saw',
      'them; then the services with their share of the critical paths, circles, and',
      'calls that come by the dozen. All figures are of the traces read: of sampled',
      'ones, multiply. With --json the whole map as one document.',
    ],
  ],
  async run({ values, positionals }, session) {
    const { mermaid = false, dot = false, json = false } = values
    if (Number(mermaid) + Number(dot) + Number(json) > 1) {
      throw new SpanlogError('INVALID_OPTION', 'Expected one of --mermaid, --dot and --json, got several', { remedy: 'give one' })
    }
    return withPlaces(values, positionals, session, async (places) => {
      const reading = await readMany(values, places, session)
      const { serviceMap, serviceMapToDot, serviceMapToMermaid } = await import('../analysis/index.js')
      const drawn = serviceMap(reading.traces)
      const isAny = reading.traces.length > 0
      if (json) await session.print(`${jsonText({ map: drawn, verdict: { complete: reading.complete, reasons: reading.reasons } })}\n`)
      else if (isAny && mermaid) await session.print(serviceMapToMermaid(drawn))
      else if (isAny && dot) await session.print(serviceMapToDot(drawn))
      else if (isAny) {
        const { width, color } = session
        const options = { ...(width !== undefined && { width }), color: color && values['no-color'] !== true }
        for (const row of drawServiceMap(drawn, options)) await session.print(`${row}\n`)
      }
      if (!json) await session.note(readingText(reading, values.verbose))
      return exitCodeOf(isAny, reading.complete)
    })
  },
})
