import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { compare, measure, tables } from './harness.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    contender: { type: 'string' },
  },
})
const [name] = positionals
const rounds = Number(values.rounds)
if (name === undefined || positionals.length > 1 || !/^[a-z-]+$/.test(name) || !(Number.isInteger(rounds) && rounds > 0)) {
  process.stderr.write('usage: npm run bench -- <scenario> [--rounds 9] [--json] [--write]\n')
  process.exit(2)
}
const file = new URL(`${name}.mjs`, import.meta.url)
if (!existsSync(file)) {
  process.stderr.write(`There is no scenario ${name}: bench/ has no ${name}.mjs.\n`)
  process.exit(2)
}

const { default: scenario } = await import(file.href)
if (values.contender !== undefined) {
  await measure(scenario, values.contender)
} else if (scenario.report !== undefined) {
  const text = await scenario.report(rounds)
  process.stdout.write(text)
  if (values.write) writeDocs(text)
} else {
  const result = await compare(scenario, rounds, (round) => process.stderr.write(`round ${round} of ${rounds}\n`))
  process.stdout.write(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : tables(result))
  if (values.write) writeDocs(tables(result))
}

/** Puts the tables into docs/benchmarks.md, between the scenario's marks. */
function writeDocs(text) {
  const docs = new URL('../docs/benchmarks.md', import.meta.url)
  const day = new Date().toISOString().slice(0, 10)
  const conditions = `${day}, Node ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${rounds} rounds.`
  const marks = new RegExp(`(<!-- bench:${name} -->\n)[^]*(<!-- /bench:${name} -->)`)
  const before = readFileSync(docs, 'utf8')
  const after = before.replace(marks, (_, open, close) => `${open}\n${conditions}\n\n${text}\n${close}`)
  if (after === before) throw new Error(`docs/benchmarks.md has no marks for ${name}`)
  writeFileSync(docs, after)
}
