import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compare, measure, tables } from './harness.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    contender: { type: 'string' },
  },
})
const [name] = positionals
const rounds = Number(values.rounds)
if (name === undefined || positionals.length > 1 || !/^[a-z-]+$/.test(name) || !(Number.isInteger(rounds) && rounds > 0)) {
  process.stderr.write('usage: npm run bench -- <scenario> [--rounds 9] [--json]\n')
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
} else {
  const result = compare(scenario, rounds, (round) => process.stderr.write(`round ${round} of ${rounds}\n`))
  process.stdout.write(values.json ? `${JSON.stringify(result, undefined, 2)}\n` : tables(result))
}
