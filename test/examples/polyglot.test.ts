import { execFile, spawnSync } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = path.resolve(import.meta.dirname, '../../examples/polyglot/run.mjs')
const python = process.env['PYTHON'] ?? 'python3'
const hasSdk = spawnSync(python, ['-c', 'import opentelemetry.sdk, opentelemetry.exporter.otlp.json.file.trace_exporter']).status === 0

// Where Python or the packages of examples/polyglot/requirements.txt are missing, this is skipped.
it.skipIf(!hasSdk)(
  'polyglot has a Python service with its own OpenTelemetry SDK in the middle of a trace, its lines among ours',
  async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
      env: { ...process.env, COLUMNS: '100', NO_COLOR: '1' },
    })
    expect(stdout).toMatch(/5 spans {2}3 services {2}0 errors {2}6 lines/)
    const rows = [
      'gateway GET /orders/:item',
      'order received',
      'prices GET /prices/{item}',
      'pricing lamp',
      'ask stock',
      'stock GET /stock/:item',
      'counting',
    ]
    const places = rows.map((row) => stdout.indexOf(row))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(stdout).toMatch(/warning only 3 left/)
    expect(stderr).toContain('complete (6 files read to their ends)')
  },
)
