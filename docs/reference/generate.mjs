// Writes the reference and the API report from the types that are built; with --check, tells where they differ from what is there.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { indexOf, pageOf } from './pages.mjs'

const here = import.meta.dirname
const root = path.resolve(here, '../..')
const entries = Object.entries(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).exports)
  .filter(([name]) => name !== './package.json')
  .map(([name, target]) => ({
    name: name === '.' ? 'spanlog' : `spanlog${name.slice(1)}`,
    file: name === '.' ? 'spanlog' : name.slice(2).replaceAll('/', '-'),
    types: target.require?.types ?? target.types,
  }))

const temporary = await mkdtemp(path.join(tmpdir(), 'spanlog-api-'))
try {
  const written = new Map(
    [...extracted()].flatMap(({ entry, report, model }) => [
      [`report/${entry.file}.api.md`, report],
      [`${entry.file}.md`, pageOf(entry.name, model, declarationsOf(entry))],
    ]),
  )
  written.set('README.md', indexOf(entries))
  if (process.argv.includes('--check')) check(written)
  else write(written)
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

/** Each entry's report, and what its page is made of. All entries are compiled as one program. */
function* extracted() {
  const configurations = entries.map(configurationOf)
  const [first, ...others] = configurations
  const compilerState = CompilerState.create(first, { additionalEntryPoints: others.map((other) => other.mainEntryPointFilePath) })
  for (const [i, configuration] of configurations.entries()) {
    const entry = entries[i]
    const faults = []
    const messageCallback = (message) => {
      if (message.category === 'Compiler') faults.push(message.formatMessageWithLocation(root))
      message.handled = true
    }
    Extractor.invoke(configuration, { compilerState, localBuild: true, messageCallback })
    if (faults.length > 0) throw new Error(`${entry.name}: ${faults.join('\n')}`)
    const { members } = JSON.parse(readFileSync(configuration.apiJsonFilePath, 'utf8'))
    const model = members[0].members
    // `export =` and modules that only do something export no names: their declarations are all that there is to say.
    const report = model.length > 0 ? readFileSync(configuration.reportFilePath, 'utf8') : declarationsOf(entry)
    yield { entry, report, model }
  }
}

function configurationOf({ file, types }) {
  return ExtractorConfig.prepare({
    configObjectFullPath: path.join(here, 'generate.mjs'),
    packageJsonFullPath: path.join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: path.join(root, types),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023'],
            types: ['node'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            strict: true,
            skipLibCheck: true,
          },
          files: [path.join(root, types)],
        },
      },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName: file,
        reportFolder: temporary,
        reportTempFolder: path.join(temporary, 'new'),
      },
      docModel: { enabled: true, includeForgottenExports: true, apiJsonFilePath: path.join(temporary, `${file}.json`) },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'warning' } },
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  })
}

function declarationsOf({ types }) {
  return readFileSync(path.join(root, types), 'utf8')
}

function write(files) {
  for (const file of present()) if (!files.has(file)) rmSync(path.join(here, file))
  mkdirSync(path.join(here, 'report'), { recursive: true })
  for (const [file, text] of files) writeFileSync(path.join(here, file), text)
}

function check(files) {
  const old = present()
  const differing = [...files]
    .filter(([file, text]) => !old.includes(file) || readFileSync(path.join(here, file), 'utf8') !== text)
    .map(([file]) => file)
  const stale = [...differing, ...old.filter((file) => !files.has(file))]
  if (stale.length === 0) return
  console.error(
    `The public names or their documentation changed; npm run api writes docs/reference anew:\n${stale.map((file) => `  ${file}`).join('\n')}`,
  )
  process.exitCode = 1
}

function present() {
  return readdirSync(here, { recursive: true }).filter((file) => file.endsWith('.md'))
}
