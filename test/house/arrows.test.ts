import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')

interface Import {
  from: string
  /** A path below the project's root, or a package's name. */
  to: string
  typeOnly: boolean
}

/** Reads import and export statements; the sources are formatted, so each begins a line. */
function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\s(type\s)?[^'"`;]*?from '([^']+)'|\b(?:require|import)\('([^']+)'\)|^import '([^']+)'/gm,
  )
  return [...statements].map(([, type, from, called, bare]) => {
    const target = from ?? called ?? bare ?? ''
    const to = target.startsWith('.') ? path.join(path.dirname(file), target) : target
    return { from: file, to, typeOnly: type !== undefined }
  })
}

const files = ['src', 'adapters']
  .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file)))
  .filter((file) => /\.(?:m?ts|tsx)$/.test(file))
const imports = files.flatMap(importsOf)
const inside = (folder: string) => (i: Import) => i.from.startsWith(folder)
const own = (i: Import) => i.to.startsWith('src/') || i.to.startsWith('adapters/')
const show = (i: Import) => `${i.from} -> ${i.to}`

/** The rooms of the project that each room may look into, beside itself; `types:` allows its types alone. */
const allowed: Record<string, string[]> = {
  'src/context/': ['src/errors', 'types:src/fields/', 'types:src/redaction/'],
  'src/fields/': ['src/errors', 'src/context/'],
  'src/flight-recorder/': ['src/errors', 'src/context/', 'src/fields/'],
  'src/mirror/': ['src/errors', 'src/context/', 'src/fields/'],
  'src/tracing/': ['src/errors', 'src/context/', 'src/fields/', 'src/redaction/', 'src/semantics/', 'src/remote/tls', 'types:src/traces/'],
  'src/semantics/': ['src/redaction/'],
  'src/audit/': ['src/errors', 'src/redaction/'],
  'src/doctor/': ['src/errors', 'src/redaction/', 'src/remote/', 'src/analysis/index', 'types:src/logs/', 'types:src/traces/'],
  'src/remote/': ['src/errors'],
  'src/files/': ['src/errors'],
  'src/logs/': ['src/errors', 'src/audit/', 'src/context/ids', 'src/fields/', 'src/remote/', 'src/files/', 'types:src/traces/'],
  'src/traces/': ['src/errors', 'src/audit/', 'src/context/ids', 'src/remote/', 'src/files/', 'src/logs/time'],
  'src/analysis/': ['src/errors', 'src/traces/', 'types:src/logs/'],
  'src/view/': ['src/errors', 'types:src/logs/', 'types:src/traces/', 'src/fields/severity', 'src/analysis/'],
  'src/cli/': [
    'src/errors',
    'src/fields/severity',
    'src/remote/',
    'src/logs/index',
    'src/logs/audited',
    'src/logs/json',
    'src/files/pipe',
    'src/logs/files/source',
    'src/logs/loki/source',
    'src/logs/victorialogs/source',
    'src/logs/time',
    'src/traces/index',
    'src/view/',
    'src/analysis/index',
    'src/context/ids',
    'src/doctor/',
  ],
  'src/redaction/': ['src/errors'],
  'src/testing/': [
    'src/errors',
    'src/index',
    'src/context/',
    'src/tracing/',
    'types:src/traces/',
    'src/traces/assemble',
    'src/traces/memory/span',
    'types:src/logs/',
    'src/logs/entry',
    'src/analysis/',
    'src/view/',
    'src/redaction/',
  ],
}

describe('the house', () => {
  it('is seen by this test', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(imports.filter(own).length).toBeGreaterThan(50)
  })

  it('has no arrow from src/ to adapters/', () => {
    expect(
      imports
        .filter(inside('src/'))
        .filter((i) => i.to.startsWith('adapters/'))
        .map(show),
    ).toEqual([])
  })

  it.each(Object.entries(allowed))('lets %s look only into %s', (room, rooms) => {
    const stray = imports
      .filter(inside(room))
      .filter(own)
      .filter(
        ({ to, typeOnly }) =>
          !to.startsWith(room) && !rooms.some((r) => to.startsWith(r) || (typeOnly && r.startsWith('types:') && to.startsWith(r.slice(6)))),
      )
    expect(stray.map(show)).toEqual([])
  })

  it('knows each room of src/', () => {
    const rooms = new Set(files.filter((f) => /^src\/.*\//.test(f)).map((f) => `src/${f.split('/')[1]}/`))
    expect([...rooms].filter((room) => !(room in allowed))).toEqual([])
  })

  it('keeps OpenTelemetry packages other than the API in tracing/, mirror/, testing/ and adapters/', () => {
    const stray = imports
      .filter((i) => i.to.startsWith('@opentelemetry/') && i.to !== '@opentelemetry/api')
      .filter((i) => !/^(src\/(tracing|mirror|testing)|adapters)\//.test(i.from))
    expect(stray.map(show)).toEqual([])
  })

  it('imports no package but node itself and its peers', () => {
    const { peerDependencies, dependencies = {} } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
    const known = [...Object.keys(peerDependencies), ...Object.keys(dependencies)]
    const stray = imports.filter(
      // The page is bundled: what it imports comes with it.
      (i) =>
        !own(i) &&
        !inside('src/view/page/')(i) &&
        !i.to.startsWith('node:') &&
        !known.some((name) => i.to === name || i.to.startsWith(`${name}/`)),
    )
    expect(stray.filter((i) => !i.typeOnly).map(show)).toEqual([])
  })
})
