// `npm run test:matrix`: the packed package with every version, bundler and runtime that the documents name.
//   -- --only Node     the rows whose area or name contains the text
//   -- --write         writes the table of docs/compatibility.md
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { install, pack, root } from './install.mjs'
import { rows } from './rows.mjs'
import { problems, table } from './table.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false }, verbose: { type: 'boolean' } },
})
const wanted = rows.filter(({ area, name }) => `${area} ${name}`.toLowerCase().includes((values.only ?? '').toLowerCase()))
if (wanted.length === 0) throw new Error(`no row is named like ${JSON.stringify(values.only)}`)
if (values.write && values.only !== undefined) throw new Error('--write writes the whole table: leave out --only')

const packed = pack()
const results = []
for (const row of wanted) {
  const outcome = await attempt(row)
  results.push({ ...row, outcome })
  const failed = problems(outcome)
  console.log(`${failed.length === 0 ? 'ok    ' : 'FAILED'} ${row.area} ${row.name}${failed.map((text) => `\n         ${text}`).join('')}`)
  if (values.verbose && outcome.cause) console.log(outcome.cause)
}
rmSync(path.dirname(packed), { recursive: true })
if (values.write) {
  const page = path.join(root, 'docs/compatibility.md')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/<!-- table -->[\s\S]*<!-- end -->/, `<!-- table -->\n\n${table(results)}\n<!-- end -->`))
}
const unexpected = results.filter(({ outcome, known }) =>
  Object.keys(outcome).some((check) => outcome[check] !== true && check !== 'cause' && !known.includes(check)),
)
// A row that is known to fail and does not is one to rewrite.
const mended = results.filter(({ outcome, known }) => known.some((check) => outcome[check] === true))
for (const { area, name } of mended) console.log(`${area} ${name}: what was known to fail works now`)
process.exitCode = unexpected.length + mended.length > 0 ? 1 : 0

async function attempt({ packages, run }) {
  try {
    return await run(install(packed, packages))
  } catch (error) {
    return { start: error.message, cause: error.cause }
  }
}
