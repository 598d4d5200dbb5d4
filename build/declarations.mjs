// Leaves the declarations out of the package that no public entry leads to: nobody's editor shows them. Tests here read them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const { exports: entries } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const isDeclaration = (file) => /\.d\.[mc]?ts$/.test(file)
const filesOf = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(filesOf))

const reached = new Set()
const todo = filesOf(entries)
  .filter(isDeclaration)
  .map((file) => path.join(root, file))
for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
  if (reached.has(file)) continue
  if (!existsSync(file)) throw new Error(`no declaration ${path.relative(root, file)}, which is asked for`)
  reached.add(file)
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*['"](\.[^'"]+)['"]/g))
    todo.push(path.resolve(path.dirname(file), name.replace(/\.([mc]?)js$/, '.d.$1ts')))
}
const dist = path.join(root, 'dist')
const unseen = readdirSync(dist, { recursive: true }).filter((name) => isDeclaration(name) && !reached.has(path.join(dist, name)))
writeFileSync(path.join(dist, '.npmignore'), unseen.map((name) => `/${name.replaceAll(path.sep, '/')}\n`).join(''))
