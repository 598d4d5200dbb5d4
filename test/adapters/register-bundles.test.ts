import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { Application } from '../support/application.js'

const app = new Application({ pino: 'pino', pino9: 'pino9', winston: 'winston' })
afterAll(() => app.remove())

const formats = {
  cjs: {},
  mjs: { banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" } },
}

async function bundle(name: string, format: keyof typeof formats, program: string, external: readonly string[]): Promise<string> {
  const source = app.write(`${name}/main.mjs`, program)
  const outfile = path.join(app.folder, `${name}/bundle.${format}`)
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: format === 'mjs' ? 'esm' : 'cjs',
    external: [...external],
    logLevel: 'error',
    ...formats[format],
  })
  return outfile
}

async function run(file: string, ...flags: string[]): Promise<{ lines: Record<string, unknown>[]; texts: string[]; warnings: string }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, file], { cwd: app.folder })
  const texts = stdout.split('\n').filter((line) => line.startsWith('{'))
  return { lines: texts.map((line) => JSON.parse(line) as Record<string, unknown>), texts, warnings: stderr }
}

const spanlog = ['spanlog', 'spanlog/*', '@opentelemetry/api']
const traced = expect.objectContaining({ trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) })
const imports = (pino: string) => `import pino from '${pino}'
  import { withSpan } from 'spanlog'
  const out = { write: (line) => process.stdout.write(line) }
  const options = { base: null, timestamp: false }
  `

describe.each(['pino', 'pino9'])('%s inside a bundle, spanlog/register outside of it', (pino) => {
  it.each(['cjs', 'mjs'] as const)('has its IDs from the first line on: %s', async (format) => {
    const program = `const log = pino(options, out)
      withSpan('job', () => { log.info('first'); log.child({ a: 1 }).info('second'); pino(options, out).info('third') })
      log.info('outside')`
    const file = await bundle(`first-${pino}-${format}`, format, imports(pino) + program, spanlog)
    const { texts, warnings } = await run(file, '--import', 'spanlog/register')
    expect(texts.map((line) => line.split('"trace_id"').length - 1)).toEqual([1, 1, 1, 0])
    expect(warnings).toBe('')
  })

  it('has them also where it has written before the import, and where its first line is below a level or thrown away', async () => {
    const program = `const log = pino({ ...options, level: 'warn' }, out)
      log.warn('early'); log.info('never')
      await import('spanlog/register')
      withSpan('job', () => { log.info('never'); log.warn('first'); log.warn('second') })`
    const file = await bundle(`early-${pino}`, 'mjs', imports(pino) + program, spanlog)
    const { texts } = await run(file)
    expect(texts.map((line) => line.split('"trace_id"').length - 1)).toEqual([0, 1, 1])
  })

  it('shows each line once to whom listens to its channel, with its arguments and result', async () => {
    const program = `import diagnostics from 'node:diagnostics_channel'
      const log = pino(options, out)
      const events = []
      diagnostics.tracingChannel('pino_asJson').subscribe({
        start: ({ instance, arguments: [object, message, level] }) => events.push(['start', instance === log, object, message, level]),
        end: ({ instance, result }) => events.push(['end', instance === log, result]),
      })
      log.info({ a: 1 }, 'first')
      log.info('second')
      console.log(JSON.stringify(events))`
    const file = await bundle(`events-${pino}`, 'mjs', imports(pino) + program, spanlog)
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'spanlog/register', file], { cwd: app.folder })
    const lines = ['{"level":30,"a":1,"msg":"first"}\n', '{"level":30,"msg":"second"}\n']
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual([
      ['start', true, { a: 1 }, 'first', 30],
      ['end', true, lines[0]],
      ['start', true, {}, 'second', 30],
      ['end', true, lines[1]],
    ])
  })

  it('has them once where a logger of it is given to tracePino first, and where two copies are in one process', async () => {
    const program = `import { tracePino } from 'spanlog/instrument'
      const one = tracePino(pino(options, out)), other = pino(options, out)
      withSpan('job', () => { one.info('a'); other.info('b'); one.info('c') })
      const { default: outer } = await import('pino' + '')
      withSpan('job', () => { outer(options, out).info('d') })`
    const file = await bundle(`mixed-${pino}`, 'mjs', imports(pino) + program, spanlog)
    const { texts } = await run(file, '--import', 'spanlog/register')
    expect(texts.map((line) => line.split('"trace_id"').length - 1)).toEqual([1, 1, 1, 1])
  })
})

describe('a pino without a diagnostics channel, as before 9.10', () => {
  const withoutChannel = `import diagnostics from 'node:diagnostics_channel'
    diagnostics.tracingChannel = () => ({ hasSubscribers: false })
    `
  it.each([
    ['imported later', `import 'spanlog/register'`],
    ['imported before', `await import('pino9'); await import('spanlog/register')`],
  ])('is reached by its module: %s', async (name, register) => {
    app.write(
      `channel-less-${name.replaceAll(' ', '-')}.mjs`,
      `${withoutChannel} ${register}
       const { default: pino } = await import('pino9')
       const { withSpan } = await import('spanlog')
       withSpan('job', () => pino({ base: null }, { write: (line) => process.stdout.write(line) }).info('a'))`,
    )
    expect((await run(`channel-less-${name.replaceAll(' ', '-')}.mjs`)).lines).toEqual([traced])
  })
})

describe('winston inside a bundle', () => {
  const program = `import winston from 'winston'
    import { withSpan } from 'spanlog'
    const log = winston.createLogger({ transports: [new winston.transports.Console()] })
    withSpan('job', () => { log.info('a'); log.child({ b: 1 }).warn('b') })`

  it('has no IDs where spanlog/register is outside, which is told once', async () => {
    const file = await bundle('winston-outside', 'cjs', program, spanlog)
    const { lines, warnings } = await run(file, '--import', 'spanlog/register')
    expect(lines).toEqual([
      expect.not.objectContaining({ trace_id: expect.anything() }),
      expect.not.objectContaining({ trace_id: expect.anything() }),
    ])
    expect(warnings.match(/\[SPANLOG\] SpanlogWarning: .*winston.*Put `import 'spanlog\/register'` into the bundle/g)).toHaveLength(1)
  })

  it.each(['cjs', 'mjs'] as const)('has them where spanlog/register is bundled with it, first or last: %s', async (format) => {
    for (const [order, text] of [
      ['first', `import 'spanlog/register'\n${program}`],
      ['last', program.replace('withSpan(', "import 'spanlog/register'\nwithSpan(")],
    ] as const) {
      const file = await bundle(`winston-${order}-${format}`, format, text, ['@opentelemetry/api'])
      for (const flags of [[], ['--import', 'spanlog/register']]) {
        const { texts, warnings } = await run(file, ...flags)
        expect(texts.map((line) => line.split('"trace_id"').length - 1)).toEqual([1, 1])
        expect(warnings).toBe('')
      }
    }
  })

  it('is bundled with spanlog/register also where pino is not installed', async () => {
    const alone = new Application({ winston: 'winston' })
    try {
      const entry = alone.write('main.mjs', `import 'spanlog/register'\n${program}`)
      const outfile = path.join(alone.folder, 'bundle.cjs')
      await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' })
      const { stdout } = await promisify(execFile)(process.execPath, [outfile], { cwd: alone.folder })
      expect(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.includes('"trace_id"')),
      ).toEqual([true, true])
    } finally {
      alone.remove()
    }
  })
})
